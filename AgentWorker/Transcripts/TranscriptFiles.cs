using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using Microsoft.Extensions.Options;

namespace CityMonitor.AgentWorker.Transcripts;

/// <summary>
/// The folder of records. A document is there whole or not at all: it is written beside its place, forced to the disk, and renamed. Whoever
/// writes last wins, so a writer looks again afterwards whether what it wrote is still so.
/// </summary>
sealed class TranscriptFiles(IOptions<TranscriptOptions> options)
{
    const string Extension = ".json";

    /// <summary>Of a writer that died; every living one is done long before.</summary>
    static readonly TimeSpan s_abandoned = TimeSpan.FromHours(1);

    public string Directory { get; } = Path.GetFullPath(options.Value.Directory);

    public string PathOf(CallId call) => Path.Combine(Directory, call.Value + Extension);

    /// <exception cref="IOException">The disk is full, read-only or gone; nothing of the document is seen.</exception>
    /// <exception cref="UnauthorizedAccessException">As above.</exception>
    public async Task WriteAsync(CallId call, byte[] document, CancellationToken ct)
    {
        System.IO.Directory.CreateDirectory(Directory);
        var draft = Path.Combine(Directory, $".{call.Value}.{Guid.NewGuid():N}.tmp");
        try
        {
            await using (var file = new FileStream(draft, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, useAsync: true))
            {
                await file.WriteAsync(document, ct);
                file.Flush(flushToDisk: true);
            }

            File.Move(draft, PathOf(call), overwrite: true);
        }
        catch
        {
            TryDelete(draft);
            throw;
        }
    }

    /// <summary>Null where there is none, or where it is no document of ours.</summary>
    public static async Task<TranscriptDocument?> ReadAsync(string path, CancellationToken ct)
    {
        try
        {
            await using var file = File.OpenRead(path);
            return await JsonSerializer.DeserializeAsync(file, TranscriptJson.Readable.TranscriptDocument, ct);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    public IEnumerable<string> All() => System.IO.Directory.Exists(Directory) ? System.IO.Directory.EnumerateFiles(Directory, "*" + Extension) : [];

    /// <summary>Deletes what was written before <paramref name="oldest"/>, and what dead writers left. Returns how many records.</summary>
    public int DeleteBefore(DateTime oldest, DateTime now)
    {
        if (!System.IO.Directory.Exists(Directory))
        {
            return 0;
        }

        foreach (var draft in System.IO.Directory.EnumerateFiles(Directory, ".*.tmp").Where(draft => File.GetLastWriteTimeUtc(draft) < now - s_abandoned))
        {
            File.Delete(draft);
        }

        var old = All().Where(path => File.GetLastWriteTimeUtc(path) < oldest).ToList();
        old.ForEach(File.Delete);
        return old.Count;
    }

    static void TryDelete(string draft)
    {
        try
        {
            File.Delete(draft);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The sweep takes it; what failed before is what matters.
        }
    }
}
