using Unroll.Data;

namespace Unroll.Tasks.Classification;

/// <summary>Reads labelled texts: lines of label, tabulator, text; or a table whose header names the columns.</summary>
internal static class LabelledTextFile
{
    /// <summary>The column that has the label.</summary>
    internal static readonly TaskOption Label = new("label", OptionKind.Text, "the column of a CSV file that has the label (default: label)") { Placeholder = "NAME", Group = "Data" };

    /// <summary>The column that has the text.</summary>
    internal static readonly TaskOption Text = new("text", OptionKind.Text, "the column of a CSV file that has the text (default: text)") { Placeholder = "NAME", Group = "Data" };

    private const string Expected = "expected a label, a tabulator and a text";

    /// <summary>The texts of a file, as they are asked for.</summary>
    /// <param name="path">The file: CSV where its name ends in .csv or .csv.gz, or columns were named for it.</param>
    /// <param name="named">The options that name columns, given with the file's name.</param>
    /// <param name="before">Those of the training, which hold where the file's own are silent.</param>
    /// <exception cref="BadInputException">It is not of the format; the message names file and line.</exception>
    public static IEnumerable<LabelledText> Read(string path, TaskSettings named, TaskSettings before)
    {
        return IsTable(path, named) ? ReadTable(path, Column(Label), Column(Text)) : ReadLines(path);

        string Column(TaskOption option) => ColumnOf(option, named, before);
    }

    /// <summary>The texts of a table without labels, as they are asked for; null for a file that is none.</summary>
    /// <param name="path">The file; null where the texts are in none.</param>
    /// <param name="named">The options of prediction.</param>
    /// <param name="before">Those of the training.</param>
    /// <exception cref="BadInputException">It is not of the format; the message names file and line.</exception>
    /// <exception cref="BadUsageException">A column is named, and there is no file.</exception>
    public static IEnumerable<string>? Unlabelled(string? path, TaskSettings named, TaskSettings before)
    {
        if (path is null && named.IsGiven(Text.Name)) throw new BadUsageException($"--{Text.Name} {named.Text(Text.Name)} names the column of a CSV file, and there is none; name the file with --input.");
        return path is not null && IsTable(path, named) ? ReadColumn(path, ColumnOf(Text, named, before)) : null;
    }

    private static bool IsTable(string path, TaskSettings named)
    {
        string plain = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        return plain.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) || named.IsGiven(Label.Name) || named.IsGiven(Text.Name);
    }

    private static string ColumnOf(TaskOption option, TaskSettings named, TaskSettings before) => named.Find(option.Name) ?? before.Find(option.Name) ?? option.Name;

    private static IEnumerable<string> ReadColumn(string path, string text)
    {
        int? column = null;
        foreach (CsvRecord record in CsvRecords.Read(path))
        {
            if (column is null) column = Find(record, text, Text);
            else yield return record.Fields[column.Value];
        }
    }

    private static IEnumerable<LabelledText> ReadLines(string path)
    {
        foreach (TextLine line in TextLines.Read(path))
        {
            if (string.IsNullOrWhiteSpace(line.Text)) continue;
            int first = line.Text.IndexOf('\t'), last = line.Text.LastIndexOf('\t');
            if (first < 0) throw new BadInputException($"{line.Where}: no tabulator; {Expected}. A table with a header is read with --label and --text, the names of its columns.");
            yield return new LabelledText(Labelled(line.Text[..first], line.Where, Expected), line.Text[(last + 1)..], line.Where);
        }
    }

    private static IEnumerable<LabelledText> ReadTable(string path, string label, string text)
    {
        (int Label, int Text)? columns = null;
        foreach (CsvRecord record in CsvRecords.Read(path))
        {
            if (columns is null) columns = (Find(record, label, Label), Find(record, text, Text));
            else yield return new LabelledText(Labelled(record.Fields[columns.Value.Label], record.Where, $"expected one in the column {Vocabulary.Show(label)}"), record.Fields[columns.Value.Text], record.Where);
        }
    }

    private static int Find(CsvRecord header, string name, TaskOption option)
    {
        int[] found = [.. Enumerable.Range(0, header.Fields.Count).Where(i => header.Fields[i].Trim() == name)];
        string columns = string.Join(", ", header.Fields.Select(Vocabulary.Show));
        return found.Length switch
        {
            1 => found[0],
            0 => throw new BadInputException($"{header.Where}: no column {Vocabulary.Show(name)}; the columns are {columns}. Name the one that has the {option.Name} with --{option.Name}.{NearestWord.Suggest(name, header.Fields)}"),
            _ => throw new BadInputException($"{header.Where}: {found.Length} columns are called {Vocabulary.Show(name)} among {columns}; expected one."),
        };
    }

    private static string Labelled(string label, string where, string expected)
    {
        label = label.Trim();
        return label.Length > 0 ? label : throw new BadInputException($"{where}: the label is empty; {expected}.");
    }
}
