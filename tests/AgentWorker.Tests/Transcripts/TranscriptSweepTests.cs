using CityMonitor.AgentWorker.Transcripts;
using CityMonitor.Messaging.Contracts;
using Microsoft.Extensions.Options;

namespace CityMonitor.AgentWorker.Tests.Transcripts;

public sealed class TranscriptSweepTests : IDisposable
{
    static readonly DateTime s_now = new(2026, 3, 31, 9, 0, 0, DateTimeKind.Utc);

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("transcripts-");
    readonly TranscriptFiles _files;

    public TranscriptSweepTests() => _files = new TranscriptFiles(Options.Create(new TranscriptOptions { Directory = _folder.FullName }));

    public void Dispose() => _folder.Delete(recursive: true);

    void Write(string name, TimeSpan old)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, "{}");
        File.SetLastWriteTimeUtc(path, s_now - old);
    }

    [Fact]
    public void Old_records_and_what_dead_writers_left_are_deleted_and_nothing_else()
    {
        Write("fd-1.1.json", TimeSpan.FromDays(31));
        Write("fd-2.1.json", TimeSpan.FromDays(29));
        Write(".fd-3.1.0123.tmp", TimeSpan.FromHours(2));
        Write(".fd-4.1.0123.tmp", TimeSpan.FromMinutes(1));
        Write("readme.txt", TimeSpan.FromDays(400));

        Assert.Equal(1, _files.DeleteBefore(s_now.AddDays(-30), s_now));
        Assert.Equal([".fd-4.1.0123.tmp", "fd-2.1.json", "readme.txt"], _folder.EnumerateFiles().Select(file => file.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Where_there_is_no_folder_yet_there_is_nothing_to_delete()
    {
        var none = new TranscriptFiles(Options.Create(new TranscriptOptions { Directory = Path.Combine(_folder.FullName, "none") }));
        Assert.Equal(0, none.DeleteBefore(s_now, s_now));
        Assert.Empty(none.All());
    }

    [Fact]
    public async Task A_document_replaces_the_one_before_it_and_leaves_nothing_beside_it()
    {
        var call = CallId.Parse("fd-5.1");
        await _files.WriteAsync(call, "first, and longer"u8.ToArray(), TestContext.Current.CancellationToken);
        await _files.WriteAsync(call, "second"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal("second", await File.ReadAllTextAsync(_files.PathOf(call), TestContext.Current.CancellationToken));
        Assert.Single(_folder.EnumerateFileSystemInfos());
    }

    [Theory]
    [InlineData("", 30, "1.00:00:00", "00:05:00", "Transcripts:Directory")]
    [InlineData("transcripts", -1, "1.00:00:00", "00:05:00", "Transcripts:KeepDays")]
    [InlineData("transcripts", 30, "00:00:00", "00:05:00", "Transcripts:SweepEvery")]
    [InlineData("transcripts", 30, "1.00:00:00", "12:00:00", "Transcripts:LongestWait")]
    public void A_wrong_setting_is_named_with_its_rule_and_an_example(string directory, int days, string every, string wait, string key)
    {
        var problem = Assert.Single(new TranscriptOptions
        {
            Directory = directory, KeepDays = days, SweepEvery = TimeSpan.Parse(every, System.Globalization.CultureInfo.InvariantCulture), LongestWait = TimeSpan.Parse(wait, System.Globalization.CultureInfo.InvariantCulture),
        }.Problems());
        Assert.StartsWith(key, problem, StringComparison.Ordinal);
        Assert.Contains("for example", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("+12025550123", "call 202-555-0123 now", true)]
    [InlineData("+12025550123", "call +1 (202) 555 0123 now", true)]
    [InlineData("+12025550123", "plus 1, 2 0 2, 5 5 5, 0 1 2 3", true)]
    [InlineData("+12025550123", "call 202-555-0124 now", false)]
    [InlineData("+12025550123", "ticket 91202555012388", false)]
    [InlineData("+4930123456", "0 30 123456", true)]
    [InlineData("+4930123456", "{\"to\":\"\\u002B4930123456\"}", true)]
    public void A_number_is_found_however_it_is_written(string number, string text, bool found) => Assert.Equal(found, new Subject(PhoneNumber.Parse(number)).IsIn(text));
}
