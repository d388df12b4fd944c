using System.Buffers.Binary;
using System.Text;

namespace Unroll.Files;

/// <summary>A name that a pickle would have Python look up; here it is a name and no more.</summary>
internal sealed record PickledName(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>What a pickle would have Python call, or fetch from beside it: the name or nothing, and what goes with it.</summary>
internal sealed record PickledCall(PickledName? Function, object? Argument);

/// <summary>A dictionary's entries in their order.</summary>
internal sealed class PickledDictionary
{
    public List<KeyValuePair<object?, object?>> Entries { get; } = [];
}

/// <summary>
/// Reads a Python pickle as data: numbers, strings, lists, tuples and dictionaries. What Python would call is kept as a name with its arguments (<see cref="PickledCall"/>), for the caller to know or
/// refuse; nothing is ever called. Each instruction of the pickle's machine (protocols 0 to 5, Python's pickletools lists them) is a byte with its operands; those that make what no file of weights holds are
/// refused. Memory is in proportion to the pickle's length.
/// </summary>
internal sealed class PickleReader
{
    private static readonly object Mark = new();
    private readonly string _path;
    private readonly byte[] _bytes;
    private readonly Stack<object?> _stack = new();
    private readonly Dictionary<uint, object?> _memo = [];
    private int _at;

    private PickleReader(string path, byte[] bytes) => (_path, _bytes) = (path, bytes);

    /// <summary>What a pickle holds: null, bool, long, double, string, List, object array (a tuple), <see cref="PickledDictionary"/>, <see cref="PickledName"/> or <see cref="PickledCall"/>.
    /// The function of a call is null where the argument is a persistent name, of something beside the pickle.</summary>
    /// <exception cref="BadInputException">It is damaged, or holds what is not data.</exception>
    public static object? Read(string path, byte[] bytes) => new PickleReader(path, bytes).Run();

    private object? Run()
    {
        while (true)
        {
            int begin = _at;
            byte instruction = Bytes(1)[0];
            switch ((char)instruction)
            {
                case '\x80':
                    if (Bytes(1)[0] is > 5 and var protocol) throw Bad($"its protocol is {protocol}; known ones are 0 to 5");
                    break;
                case '\x95': Bytes(8); break;
                case '.': return _stack.Count == 1 && _stack.Peek() != Mark ? _stack.Pop() : throw Bad($"it ends with {_stack.Count} values where there should be one");
                case '(': _stack.Push(Mark); break;
                case '0': Pop(); break;
                case '1': ToMark(); break;
                case '2': _stack.Push(Top()); break;
                case 'N': _stack.Push(null); break;
                case '\x88': _stack.Push(true); break;
                case '\x89': _stack.Push(false); break;
                case 'J': _stack.Push((long)BinaryPrimitives.ReadInt32LittleEndian(Bytes(4))); break;
                case 'K': _stack.Push((long)Bytes(1)[0]); break;
                case 'M': _stack.Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2))); break;
                case '\x8a': _stack.Push(Whole(Bytes(Bytes(1)[0]))); break;
                case 'G': _stack.Push(BinaryPrimitives.ReadDoubleBigEndian(Bytes(8))); break;
                case 'X': _stack.Push(Text(Size(4))); break;
                case '\x8c': _stack.Push(Text(Size(1))); break;
                case '\x8d': _stack.Push(Text(Size(8))); break;
                case ']': _stack.Push(new List<object?>()); break;
                case 'l': _stack.Push(new List<object?>(ToMark())); break;
                case 'a':
                    object? last = Pop();
                    Top<List<object?>>("a list").Add(last);
                    break;
                case 'e':
                    object?[] more = ToMark();
                    Top<List<object?>>("a list").AddRange(more);
                    break;
                case ')': _stack.Push(Array.Empty<object?>()); break;
                case 't': _stack.Push(ToMark()); break;
                case '\x85': _stack.Push(Take(1)); break;
                case '\x86': _stack.Push(Take(2)); break;
                case '\x87': _stack.Push(Take(3)); break;
                case '}': _stack.Push(new PickledDictionary()); break;
                case 'd':
                    object?[] entries = ToMark();
                    _stack.Push(new PickledDictionary());
                    Add(entries);
                    break;
                case 's': Add(Take(2)); break;
                case 'u': Add(ToMark()); break;
                case 'c': _stack.Push(new PickledName(Line(), Line())); break;
                case '\x93':
                    object?[] names = Take(2);
                    _stack.Push(names is [string module, string name] ? new PickledName(module, name) : throw Bad("a name in it is no text"));
                    break;
                case 'Q': _stack.Push(new PickledCall(null, Pop())); break;
                case 'R' or '\x81':
                    object? arguments = Pop();
                    _stack.Push(Call(Pop() as PickledName ?? throw Bad("it calls what is no name"), arguments));
                    break;
                case 'b':
                    // What an object is given after it was made. To dictionaries PyTorch gives the versions of its modules, which say nothing about weights; other objects are for the caller to refuse.
                    Pop();
                    if (Top() is not (PickledDictionary or PickledCall)) throw Bad("it gives attributes to what has none");
                    break;
                case 'q': _memo[Bytes(1)[0]] = Top(); break;
                case 'r': _memo[BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4))] = Top(); break;
                case '\x94': _memo[(uint)_memo.Count] = Top(); break;
                case 'h': _stack.Push(Remembered(Bytes(1)[0])); break;
                case 'j': _stack.Push(Remembered(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4)))); break;
                default: throw Bad($"byte {begin} is the instruction 0x{instruction:x2}, which no tensor, number, text, list or dictionary needs");
            }
        }
    }

    /// <summary>An ordered dictionary is a dictionary; any other call stays one.</summary>
    private object Call(PickledName function, object? arguments)
    {
        if (function is not { Module: "collections", Name: "OrderedDict" }) return new PickledCall(function, arguments);
        var made = new PickledDictionary();
        if (arguments is object?[] and [List<object?> pairs])
            foreach (object? pair in pairs)
                made.Entries.Add(pair switch
                {
                    object?[] and [var key, var value] => new(key, value),
                    List<object?> and [var key, var value] => new(key, value),
                    _ => throw Bad("an ordered dictionary in it is made of other things than pairs"),
                });
        else if (arguments is not object?[] { Length: 0 }) throw Bad("an ordered dictionary in it is made of other things than pairs");
        return made;
    }

    private ReadOnlySpan<byte> Bytes(int count)
    {
        if (count > _bytes.Length - _at) throw Bad($"it ends within an instruction at byte {_at}");
        ReadOnlySpan<byte> taken = _bytes.AsSpan(_at, count);
        _at += count;
        return taken;
    }

    private int Size(int bytes)
    {
        ulong size = 0;
        ReadOnlySpan<byte> digits = Bytes(bytes);
        for (int i = bytes - 1; i >= 0; i--) size = size << 8 | digits[i];
        return size <= (ulong)(_bytes.Length - _at) ? (int)size : throw Bad($"a text at byte {_at} has {size} bytes and {_bytes.Length - _at} are left");
    }

    private string Text(int size) => Encoding.UTF8.GetString(Bytes(size));

    private string Line()
    {
        int length = _bytes.AsSpan(_at).IndexOf((byte)'\n');
        if (length < 0) throw Bad($"a name at byte {_at} does not end");
        string line = Text(length);
        _at++;
        return line;
    }

    /// <summary>Little-endian, in two's complement.</summary>
    private long Whole(ReadOnlySpan<byte> digits)
    {
        if (digits.Length > 8) throw Bad($"a number of {digits.Length} bytes is in it; at most 8 can be read");
        long value = digits.Length > 0 && digits[^1] >= 128 ? -1 : 0;
        for (int i = digits.Length - 1; i >= 0; i--) value = value << 8 | digits[i];
        return value;
    }

    private object? Pop() => _stack.Count > 0 && _stack.Peek() != Mark ? _stack.Pop() : throw Bad("it takes a value where there is none");

    private T Top<T>(string what) where T : class => Top() as T ?? throw Bad($"it needs {what} where there is none");

    private object? Top() => _stack.Count > 0 && _stack.Peek() != Mark ? _stack.Peek() : throw Bad("it needs a value where there is none");

    private object?[] Take(int count)
    {
        var taken = new object?[count];
        for (int i = count - 1; i >= 0; i--) taken[i] = Pop();
        return taken;
    }

    private object?[] ToMark()
    {
        var taken = new List<object?>();
        while (true)
        {
            if (_stack.Count == 0) throw Bad("it goes back to a mark that is not there");
            object? value = _stack.Pop();
            if (value == Mark) break;
            taken.Add(value);
        }
        taken.Reverse();
        return [.. taken];
    }

    private void Add(object?[] entries)
    {
        if (entries.Length % 2 != 0) throw Bad("a dictionary in it has a key without a value");
        PickledDictionary to = Top<PickledDictionary>("a dictionary");
        for (int i = 0; i < entries.Length; i += 2) to.Entries.Add(new(entries[i], entries[i + 1]));
    }

    private object? Remembered(uint number) => _memo.TryGetValue(number, out object? value) ? value : throw Bad($"it asks for its value number {number}, which it never kept");

    private BadInputException Bad(string what) => new($"{_path} has a pickle that cannot be read: {what}. Save the weights again, with torch.save(model.state_dict(), path) or as safetensors.");
}
