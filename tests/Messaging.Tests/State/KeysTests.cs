using System.Reflection;
using System.Text.RegularExpressions;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Messaging.Tests.State;

public sealed partial class KeysTests
{
    sealed record Row(string Pattern, string Ends)
    {
        public bool Matches(string key) => Regex.IsMatch(key, $"^{PlaceHolder().Replace(Regex.Escape(Pattern).Replace("\\{", "{"), Pattern.Contains("quarantine") ? ".+" : "[^:]+")}$");
        public bool AllowsNoTtl => !Ends.StartsWith("TTL", StringComparison.Ordinal);
    }

    [GeneratedRegex("{[A-Za-z]+}")]
    private static partial Regex PlaceHolder();

    static readonly Row[] s_rows = [.. File.ReadLines(FindKeysMd()).Where(line => line.StartsWith("| `cm:", StringComparison.Ordinal))
        .Select(line => line.Split('|', StringSplitOptions.TrimEntries)).Select(cells => new Row(cells[1].Trim('`'), cells[4]))];

    public static TheoryData<string, string> EveryKey()
    {
        var data = new TheoryData<string, string>();
        foreach (var field in typeof(Keys).GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            data.Add(field.Name, (string)field.GetValue(null)!);
        }

        foreach (var method in typeof(Keys).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly))
        {
            data.Add(method.Name, (string)method.Invoke(null, [.. method.GetParameters().Select(parameter => Sample(parameter.ParameterType))])!);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(EveryKey))]
    public void Every_key_has_one_row_in_docs_keys_md_that_says_how_it_ends(string name, string key)
    {
        var row = Assert.Single(s_rows, row => row.Matches(key));
        Assert.True(
            row.Ends.Split(' ', ';', ':', ',')[0] is "TTL" or "Trimmed" or "Drained" or "Bounded",
            $"Keys.{name}: '{row.Ends}' must start with TTL, Trimmed, Drained or Bounded.");
    }

    [Fact]
    public void Every_row_of_docs_keys_md_is_a_key_that_exists()
    {
        var keys = EveryKey().Select(row => row.Data.Item2).ToArray();
        Assert.All(s_rows, row => Assert.Contains(keys, row.Matches));
    }

    [Fact]
    public async Task What_messaging_leaves_in_Redis_is_listed_and_has_a_TTL_where_the_list_says_so()
    {
        await using var server = await RedisServer.StartAsync();
        var call = CallId.Of(IncidentId.OfTicket(4711), 1);
        var agent = new Recorder((delivery, step, _) =>
        {
            step.Publish(new EndCall(call, "x"));
            step.Publish(new SayNews(call, "x"));
            step.Publish(new AuditEntry("Tests", "x", call.Root, call, "x"));
            step.Schedule(new TimerDue(call.Root, "x"), TimeSpan.FromHours(1));
            return ValueTask.FromResult(delivery.Message is CallRinging ? Handled.Dead("x") : Handled.Retry(TimeSpan.FromHours(1)));
        });
        await using var spine = await Spine.StartAsync(server.ConnectionString, services => services.AddSingleton(agent).AddAgentPartitions<Recorder>());
        await spine.Get<CallStore>().BeginStreamAsync(call, "bridge", CancellationToken.None);
        await spine.Get<CallStore>().AppendTurnAsync(call, new Turn(DateTimeOffset.UnixEpoch, Speaker.Agent, "x"), CancellationToken.None);
        await spine.Redis.SendAsync(["SET", Keys.Telephony, "not a stream"]);
        await spine.Get<Groups>().QuarantineAsync(Keys.Telephony, CancellationToken.None);
        await spine.Bus.PublishAsync(new CallRinging(call), CancellationToken.None);
        await spine.Bus.PublishAsync(new CallAnswered(call), CancellationToken.None);
        await Eventually.TrueAsync(async () => (await spine.Redis.SendAsync(["ZCARD", Keys.Timers])).Number >= 2, "both are handled");

        var keys = (await spine.Redis.SendAsync(["KEYS", "*"])).Items.Select(item => item.Text!).ToArray();
        Assert.True(keys.Length > 20);
        foreach (var key in keys)
        {
            var row = Assert.Single(s_rows, row => row.Matches(key));
            var ttl = (await spine.Redis.SendAsync(["PTTL", key])).Number;
            Assert.True(ttl != -1 || row.AllowsNoTtl, $"{key} has no TTL, and docs/keys.md says '{row.Ends}'.");
        }
    }

    static object Sample(Type type) => type == typeof(int) ? 7
        : type == typeof(long) ? 7L
        : type == typeof(string) ? "sample"
        : type == typeof(IncidentId) ? IncidentId.OfTicket(4711)
        : type == typeof(CallId) ? CallId.Parse("fd-4711.1")
        : type == typeof(MessageId) ? MessageId.Parse("fd-4711.m1")
        : type == typeof(PhoneNumber) ? PhoneNumber.Parse("+12025550123")
        : throw new NotSupportedException($"A key is made of {type.Name}: give it a sample here.");

    static string FindKeysMd()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (Path.Combine(directory.FullName, "docs", "keys.md") is var file && File.Exists(file))
            {
                return file;
            }
        }

        throw new FileNotFoundException("docs/keys.md is not above the tests' directory.");
    }
}
