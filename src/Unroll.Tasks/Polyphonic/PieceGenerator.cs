using Unroll.Tensors;

namespace Unroll.Tasks.Polyphonic;

/// <summary>Pieces for a model to learn when none are given: in one of the major keys, four steps to each chord, whose root lies in the bass and whose triad above it, while a melody
/// walks along the scale and meets the chord wherever a chord begins.</summary>
internal static class PieceGenerator
{
    /// <summary>The major scale in half tones above its first note.</summary>
    internal static readonly int[] Scale = [0, 2, 4, 5, 7, 9, 11];

    /// <summary>By degree of the scale, from 0: the degrees that its chord goes on to, each as likely.</summary>
    internal static readonly int[][] Next = [[3, 4, 5, 1], [4], [5], [4, 0, 1], [0, 0, 5], [3, 1], [0]];

    /// <summary>Steps of a chord.</summary>
    internal const int StepsOfChord = 4;

    /// <summary>The lowest notes of bass, chords and, in the middle key, melody.</summary>
    private const int Bass = 15, Chord = 39, Melody = 51;

    /// <summary>Degrees of the scale that the melody walks over: two octaves.</summary>
    private const int Degrees = 15;

    /// <summary>Generates pieces.</summary>
    /// <param name="random">All that they depend on.</param>
    /// <param name="count">How many.</param>
    public static Pieces Generate(RandomState random, int count)
    {
        ArgumentNullException.ThrowIfNull(random);
        var pieces = new Pieces.Builder();
        for (int i = 0; i < count; i++) Generate(random, pieces);
        return pieces.Build();
    }

    private static void Generate(RandomState random, Pieces.Builder pieces)
    {
        int key = random.NextInt(12), chords = 8 + random.NextInt(9), degree = 0, melody = Degrees / 2;
        for (int chord = 0; chord < chords; chord++)
        {
            if (chord > 0) degree = chord == chords - 1 ? 0 : Next[degree][random.NextInt(Next[degree].Length)];
            for (int step = 0; step < StepsOfChord; step++)
            {
                melody = Math.Clamp(melody + random.NextInt(3) - 1, 0, Degrees - 1);
                // To the nearest note of the chord, towards the middle.
                int direction = melody > Degrees / 2 ? -1 : 1;
                while (step == 0 && (melody - degree + 7) % 7 is not (0 or 2 or 4)) melody += direction;
                pieces.AddNote(Bass + (key + Scale[degree]) % 12);
                for (int third = 0; third < 5; third += 2) pieces.AddNote(Chord + (key + Scale[(degree + third) % 7]) % 12);
                // Keys above the middle one are sung an octave lower.
                pieces.AddNote(Melody + (key > 6 ? key - 12 : key) + 12 * (melody / 7) + Scale[melody % 7]);
                pieces.EndStep();
            }
        }
        pieces.EndPiece();
    }
}
