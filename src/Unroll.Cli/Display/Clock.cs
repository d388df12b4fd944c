namespace Unroll.Cli.Display;

/// <summary>Times as people read them.</summary>
internal static class Clock
{
    /// <summary>Seconds as m:ss or h:mm:ss.</summary>
    public static string Text(double seconds)
    {
        var time = TimeSpan.FromSeconds(double.IsFinite(seconds) ? Math.Clamp(seconds, 0, 359_999) : 0);
        return time.TotalHours >= 1 ? $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}" : $"{time.Minutes}:{time.Seconds:00}";
    }
}
