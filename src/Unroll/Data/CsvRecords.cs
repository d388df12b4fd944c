using System.Text;

namespace Unroll.Data;

/// <summary>A record of a file of comma-separated values.</summary>
/// <param name="Fields">Its fields, without the quotes.</param>
/// <param name="File">The file's path.</param>
/// <param name="Number">The line it begins in, from 1.</param>
internal readonly record struct CsvRecord(IReadOnlyList<string> Fields, string File, int Number)
{
    /// <summary>Where it stands, for messages.</summary>
    public string Where => $"{File}, line {Number}";
}

/// <summary>Reads comma-separated values (RFC 4180) record by record, however large the file: a field in quotes may hold separators, doubled quotes and line breaks, which become \n.
/// Semicolons and tabulators may stand for commas: what separates is the first of the three in the first line. Empty lines are passed over.</summary>
internal static class CsvRecords
{
    /// <summary>The records of a file, the header among them, read as they are asked for.</summary>
    /// <param name="path">The file; .gz is unpacked.</param>
    /// <exception cref="BadInputException">It cannot be read, a record has not the fields of the first, or a quote stands wrong; the message names file and line.</exception>
    public static IEnumerable<CsvRecord> Read(string path)
    {
        var parser = new Parser();
        int first = 0, columns = -1;
        foreach (TextLine line in TextLines.Read(path))
        {
            if (!parser.IsWithin)
            {
                if (line.Text.Length == 0) continue;
                first = line.Number;
            }
            if (parser.Take(line) is not { } fields) continue;
            if (columns < 0) columns = fields.Length;
            if (fields.Length != columns) throw new BadInputException(
                $"{path}, line {first}: {fields.Length} field{(fields.Length == 1 ? "" : "s")}, and the first line has {columns}. A field that holds the separator stands in double quotes.");
            yield return new CsvRecord(fields, path, first);
        }
        if (parser.IsWithin) throw new BadInputException($"{path}, line {first}: a field that begins with a double quote there does not end before the file does; expected another double quote.");
    }

    /// <summary>A record as it is read, line by line.</summary>
    private sealed class Parser
    {
        private readonly StringBuilder _field = new();
        private readonly List<string> _fields = [];
        private char _separator;

        /// <summary>Whether a field in quotes is open at the end of the line.</summary>
        public bool IsWithin { get; private set; }

        /// <summary>Takes a line; returns the fields of the record that ends with it, or null.</summary>
        public string[]? Take(TextLine line)
        {
            string text = line.Text;
            if (_separator == 0) _separator = SeparatorOf(text);
            if (IsWithin) _field.Append('\n');
            for (int at = 0; ; at++)
            {
                if (!IsWithin && at < text.Length && text[at] == '"') (IsWithin, at) = (true, at + 1);
                int end = text.IndexOf(IsWithin ? '"' : _separator, at);
                _field.Append(text, at, (end < 0 ? text.Length : end) - at);
                if (IsWithin)
                {
                    if (end < 0) return null;
                    if (end + 1 < text.Length && text[end + 1] == '"')
                    {
                        _field.Append('"');
                        at = end + 1;
                        continue;
                    }
                    IsWithin = false;
                    end++;
                    if (end < text.Length && text[end] != _separator) throw new BadInputException(
                        $"{line.Where}: after a closing double quote stands {Vocabulary.Show(text[end].ToString())}; expected {Vocabulary.Show(_separator.ToString())} or the line's end. A double quote within a field is written twice.");
                    if (end == text.Length) end = -1;
                }
                _fields.Add(_field.ToString());
                _field.Clear();
                if (end < 0) break;
                at = end;
            }
            string[] fields = [.. _fields];
            _fields.Clear();
            return fields;
        }

        private static char SeparatorOf(string text)
        {
            bool quoted = false;
            foreach (char c in text)
            {
                if (c == '"') quoted = !quoted;
                else if (!quoted && c is ',' or ';' or '\t') return c;
            }
            return ',';
        }
    }
}
