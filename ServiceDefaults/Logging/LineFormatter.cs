using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace CityMonitor.ServiceDefaults;

/// <summary>One line per event: <c>09:41:07.118 INF [fd-4711.1] Dialling: Placed CA12 to +1********23</c>. UTC; exceptions flattened onto the line.</summary>
sealed class LineFormatter(TimeProvider clock) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "city-monitor";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        textWriter.Write(clock.GetUtcNow().ToString("HH:mm:ss.fff ", CultureInfo.InvariantCulture));
        textWriter.Write(logEntry.LogLevel switch
        {
            LogLevel.Trace => "TRC ",
            LogLevel.Debug => "DBG ",
            LogLevel.Information => "INF ",
            LogLevel.Warning => "WRN ",
            LogLevel.Error => "ERR ",
            _ => "CRT ",
        });
        if (SubjectOf(scopeProvider) is { } subject)
        {
            textWriter.Write($"[{subject}] ");
        }

        textWriter.Write(logEntry.Category[(logEntry.Category.LastIndexOf('.') + 1)..]);
        textWriter.Write(": ");
        WriteFlat(textWriter, logEntry.Formatter(logEntry.State, logEntry.Exception));
        if (logEntry.Exception is { } exception)
        {
            textWriter.Write(" | ");
            WriteFlat(textWriter, exception.ToString());
        }

        textWriter.WriteLine();
    }

    // The innermost scope that names a call wins over one that names its incident.
    static string? SubjectOf(IExternalScopeProvider? scopes)
    {
        var found = new Subject();
        scopes?.ForEachScope(static (scope, found) =>
        {
            if (scope is not IEnumerable<KeyValuePair<string, object?>> pairs)
            {
                return;
            }

            foreach (var (key, value) in pairs)
            {
                if (LogScopes.IsCall(key) && value is not null)
                {
                    found.Call = value.ToString();
                }
                else if (LogScopes.IsIncident(key) && value is not null)
                {
                    found.Incident = value.ToString();
                }
            }
        }, found);
        return string.IsNullOrEmpty(found.Call) ? (string.IsNullOrEmpty(found.Incident) ? null : found.Incident) : found.Call;
    }

    sealed class Subject
    {
        public string? Call;
        public string? Incident;
    }

    // Text from tickets and callers ends up in logs: a line break in it must not be able to fake a line of ours.
    static void WriteFlat(TextWriter writer, string text)
    {
        foreach (var c in text)
        {
            if (c == '\n')
            {
                writer.Write(" / ");
            }
            else if (c == '\t' || !char.IsControl(c))
            {
                writer.Write(c);
            }
        }
    }
}

/// <summary>The scopes that put a call's or an incident's id on every log line.</summary>
public static class LogScopes
{
    /// <summary><c>using var scope = log.ForCall(call);</c></summary>
    public static IDisposable? ForCall(this ILogger log, Messaging.Contracts.CallId call) => log.BeginScope(Pair("call", call.Value));

    /// <summary><c>using var scope = log.ForIncident(incident);</c></summary>
    public static IDisposable? ForIncident(this ILogger log, Messaging.Contracts.IncidentId incident) => log.BeginScope(Pair("incident", incident.Value));

    static KeyValuePair<string, object?>[] Pair(string key, string value) => [new(key, value)];

    internal static bool IsCall(string key) => key.Equals("call", StringComparison.OrdinalIgnoreCase) || key.Equals("callId", StringComparison.OrdinalIgnoreCase);

    internal static bool IsIncident(string key) =>
        key.Equals("incident", StringComparison.OrdinalIgnoreCase) || key.Equals("incidentId", StringComparison.OrdinalIgnoreCase) || key.Equals("root", StringComparison.OrdinalIgnoreCase);
}

/// <summary>The console's formatter options carry nothing of ours; the type is what the registration asks for.</summary>
sealed class LineFormatterOptions : ConsoleFormatterOptions;
