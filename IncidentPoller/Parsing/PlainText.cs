using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace CityMonitor.IncidentPoller.Parsing;

/// <summary>Text as people and models should see it: no markup, no control characters, nothing that reorders what is read.</summary>
static partial class PlainText
{
    /// <summary>A ticket is a few sentences; more than this is cut, so that no ticket can fill a prompt.</summary>
    public const int MaxRawText = 16_000;

    const int MaxHtml = 4 * MaxRawText;

    /// <summary>Sample: <c>&lt;div&gt;Two cars&lt;br&gt;collided &amp;amp; burn&lt;/div&gt;</c> becomes two lines.</summary>
    public static string OfHtml(string? html)
    {
        if (string.IsNullOrWhiteSpace(html))
        {
            return "";
        }

        html = Start(html);
        try
        {
            var text = Invisible.Replace(html, " ");
            text = LineEnd.Replace(text, "\n");
            return Lines(WebUtility.HtmlDecode(Tag.Replace(text, "")));
        }
        catch (RegexMatchTimeoutException)
        {
            PollerTelemetry.NotTaken("slow");
            return Lines(html); // made to be slow: with its markup, for a person to read
        }
    }

    /// <summary>The part of a text that is looked at: a ticket may hold megabytes, and anybody can mail one.</summary>
    public static string Start(string? text) => text is null ? "" : text.Length > MaxHtml ? text[..MaxHtml] : text;

    /// <summary>Keeps line breaks, drops control and direction-override characters, trims lines and collapses blank ones.</summary>
    public static string Lines(string? text)
    {
        var kept = new StringBuilder(text?.Length ?? 0);
        foreach (var c in text ?? "")
        {
            if (c == '\n' || (!char.IsControl(c) && !IsDirectionOverride(c)))
            {
                kept.Append(c == '\u00a0' ? ' ' : c);
            }
            else if (c is '\t' or '\v' or '\f')
            {
                kept.Append(' ');
            }
        }

        return BlankLines.Replace(kept.ToString(), "\n").Trim();
    }

    /// <summary>One line of at most <paramref name="most"/> characters, quotes and separators around it gone; null where nothing is left.</summary>
    public static string? Value(string? text, int most = 300)
    {
        var line = Spaces.Replace(Lines(text), " ").Trim(Around);
        line = line.Length > most ? line[..most].TrimEnd() : line;
        return line.Length == 0 || Nothing.IsMatch(line) ? null : line;
    }

    static readonly char[] Around = [' ', '"', '\'', '“', '”', '‘', '’', '«', '»', ',', ';', '|', '`'];

    // LRE..RLO, LRI..PDI: they make text read differently from what it says. Marks (LRM, RLM) and joiners stay: Urdu and emoji need them.
    static bool IsDirectionOverride(char c) => c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');

    [GeneratedRegex(@"<(script|style|head)\b.*?</\1\s*>|<!--.*?-->", RegexOptions.IgnoreCase | RegexOptions.Singleline, 1000)]
    static partial Regex Invisible { get; }

    [GeneratedRegex(@"<br\s*/?>|</(p|div|li|tr|h\d|td|blockquote)\s*>|<(p|div|li|tr)\b[^>]*>", RegexOptions.IgnoreCase, 1000)]
    static partial Regex LineEnd { get; }

    [GeneratedRegex(@"</?[a-zA-Z][^<>]*>", RegexOptions.None, 1000)]
    static partial Regex Tag { get; }

    [GeneratedRegex(@"[ \t]*\n[ \t\n]*")]
    static partial Regex BlankLines { get; }

    [GeneratedRegex(@"\s+")]
    static partial Regex Spaces { get; }

    [GeneratedRegex(@"^(n/?a|none|null|nil|unknown|undefined|-+|\?+|tbd)$", RegexOptions.IgnoreCase)]
    static partial Regex Nothing { get; }
}
