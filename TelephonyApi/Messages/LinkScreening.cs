using System.Text.RegularExpressions;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.TelephonyApi.Messages;

/// <summary>Takes the links out of a message that must not be sent: among its media, in its text and in its template's variables.</summary>
sealed partial class LinkScreening(EvidenceProbe probe, MessageStore store, ILogger<LinkScreening> log)
{
    const string Instead = "(link withheld)";

    /// <summary>More are not looked at, and not sent.</summary>
    const int MostLinks = 40;

    /// <summary>Decided once per message and kept: the parts of a message must be the same in each attempt.</summary>
    public async Task<SendMessage> ScreenAsync(SendMessage message, MessageState state, CancellationToken ct)
    {
        var all = message.MediaUrls.Concat(LinksIn(message.Body)).Concat((message.TemplateVariables ?? []).SelectMany(LinksIn)).Distinct(StringComparer.Ordinal).ToList();
        if (all.Count == 0)
        {
            return message;
        }

        var withheld = state[MessageState.ScreenedField] is { } known ? known.Split('\n') : await DecideAsync(message, all, ct);
        return withheld is [] or ["-"] ? message : message with
        {
            MediaUrls = [.. message.MediaUrls.Except(withheld)],
            Body = Without(message.Body, withheld),
            TemplateVariables = message.TemplateVariables is { } variables ? [.. variables.Select(variable => Without(variable, withheld))] : null,
        };
    }

    async Task<string[]> DecideAsync(SendMessage message, List<string> all, CancellationToken ct)
    {
        var problems = await Task.WhenAll(all.Select((link, index) => index < MostLinks ? probe.ProblemOfAsync(link, ct) : Task.FromResult<string?>("is one of too many links")));
        foreach (var problem in problems.OfType<string>())
        {
            MessageLog.Withheld(log, message.Message, problem);
            Telemetry.LinksWithheld.Add(1, new KeyValuePair<string, object?>("reason", ReasonOf(problem)));
            await store.SetAsync(message.Message, ct, (MessageState.NoteField, $"a link was not sent: it {problem}"));
        }

        string[] withheld = [.. all.Where((_, index) => problems[index] is not null)];
        await store.SetAsync(message.Message, ct, (MessageState.ScreenedField, withheld.Length == 0 ? "-" : string.Join('\n', withheld)));
        return withheld;
    }

    static string ReasonOf(string problem) =>
        problem.StartsWith("redirects", StringComparison.Ordinal) ? "redirect"
        : problem.Contains("private network", StringComparison.Ordinal) ? "private"
        : problem.Contains("AllowedHosts", StringComparison.Ordinal) ? "host"
        : problem.StartsWith("is no picture", StringComparison.Ordinal) ? "no-picture"
        : problem.Contains("too many", StringComparison.Ordinal) ? "too-many"
        : "no-link";

    static IEnumerable<string> LinksIn(string text) => Link.Matches(text).Select(match => match.Value);

    static string Without(string text, string[] withheld) =>
        Link.Replace(text, match => withheld.Contains(match.Value, StringComparer.Ordinal) ? Instead : match.Value);

    [GeneratedRegex(@"https?://[^\s<>""]+", RegexOptions.IgnoreCase)]
    static partial Regex Link { get; }
}
