namespace Unroll.Files;

/// <summary>A log that grows at its end, and that can be cut back to an earlier length when a run resumes from an earlier moment.</summary>
internal sealed class AppendFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream _stream;
    private readonly Stream _target;

    /// <summary>Opens or creates the file and cuts it to a length.</summary>
    /// <param name="path">The file.</param>
    /// <param name="length">How many of its bytes to keep.</param>
    /// <exception cref="RunFailedException">It cannot be opened, or is shorter than that.</exception>
    public AppendFile(string path, long length)
    {
        _path = path;
        try
        {
            // Readers may follow the file; a second writer is refused.
            _stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RunFailedException($"Cannot write to {path}: {OneLine.Of(exception)}. See that no other run uses the folder.", exception);
        }
        if (_stream.Length < length)
        {
            long found = _stream.Length;
            _stream.Dispose();
            throw new RunFailedException($"{path} has {found} bytes and its checkpoint was taken at {length}: it was changed or replaced. Restore it, or start a new run.");
        }
        _stream.SetLength(length);
        _stream.Position = length;
        _target = AtomicFile.Intercept.Value is { } intercept ? intercept(_stream) : _stream;
    }

    /// <summary>The file.</summary>
    public string Path => _path;

    /// <summary>How many bytes were written, those that a flush has yet to hand to the system included.</summary>
    public long Length => _stream.Position;

    /// <summary>Appends bytes.</summary>
    /// <exception cref="RunFailedException">Writing failed.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _target.Write(bytes);
        }
        catch (IOException exception)
        {
            throw Failed(exception);
        }
    }

    /// <summary>Hands everything to the system, so that it survives a kill of this process, or to the disk, so that it survives a power cut.</summary>
    /// <exception cref="RunFailedException">Writing failed.</exception>
    public void Flush(bool toDisk)
    {
        try
        {
            _target.Flush();
            _stream.Flush(toDisk);
        }
        catch (IOException exception)
        {
            throw Failed(exception);
        }
    }

    /// <summary>Closes the file. What could not be written was reported when it failed.</summary>
    public void Dispose()
    {
        try
        {
            _stream.Dispose();
        }
        catch (IOException)
        {
            _stream.SafeFileHandle.Dispose();
        }
    }

    private RunFailedException Failed(IOException exception) =>
        new($"Could not write to {_path}: {OneLine.Of(exception)}. Free some space and resume the run; its last checkpoint is untouched.", exception);
}
