using System.Xml;
using System.Xml.Linq;

namespace CityMonitor.Simulator.Twilio.Twiml;

/// <summary>Where the next instructions come from: a URL to ask, or the text itself.</summary>
/// <param name="Extra">Fields beyond the call's own, such as Digits.</param>
sealed record TwimlSource(string? Url, string Method = "POST", string? Inline = null, IReadOnlyList<KeyValuePair<string, string>>? Extra = null);

/// <summary>Instructions that cannot be had or understood, with Twilio's error code.</summary>
sealed class TwimlException(int code, string message, Exception? inner = null) : Exception(message, inner)
{
    public const int ParseFailure = 12100;
    public const int UnknownElement = 12200;
    public const int BadContentType = 12300;

    public int Code { get; } = code;
}

/// <summary>One document of instructions.</summary>
/// <param name="Url">What relative URLs in it are relative to; null for a document that came as text.</param>
sealed record TwimlDocument(XElement Response, string? Url)
{
    public static TwimlDocument Parse(string text, string? url)
    {
        try
        {
            var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, MaxCharactersInDocument = 1_000_000 };
            using var reader = XmlReader.Create(new StringReader(text.TrimStart('\uFEFF', ' ', '\r', '\n', '\t')), settings);
            var root = XDocument.Load(reader).Root!;
            return root.Name.LocalName == "Response"
                ? new TwimlDocument(root, url)
                : throw new TwimlException(TwimlException.ParseFailure, $"The root element is <{root.Name.LocalName}> and must be <Response>.");
        }
        catch (XmlException e)
        {
            throw new TwimlException(TwimlException.ParseFailure, $"Document parse failure: {e.Message}", e);
        }
    }

    /// <summary>An absolute URL for one written in this document; empty means the document itself.</summary>
    public string Resolve(string? url)
    {
        url = url?.Trim();
        if (string.IsNullOrEmpty(url))
        {
            return Url ?? throw new TwimlException(TwimlException.ParseFailure, "A URL is needed here: this document has none of its own.");
        }

        return Uri.TryCreate(url, UriKind.Absolute, out var absolute) && !absolute.IsFile ? url
            : Url is not null ? new Uri(new Uri(Url), url).AbsoluteUri
            : throw new TwimlException(TwimlException.ParseFailure, $"\"{url}\" is relative, and this document has no URL.");
    }
}
