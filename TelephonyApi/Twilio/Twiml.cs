using System.Text;
using System.Xml;

namespace CityMonitor.TelephonyApi.Twilio;

/// <summary>Writes one TwiML document. Text may come from tickets: it is escaped, and characters that XML forbids are left out.</summary>
sealed class Twiml
{
    /// <summary>Twilio's limit for one Say is 4096 characters.</summary>
    const int LongestSay = 3000;

    const string Declaration = """<?xml version="1.0" encoding="UTF-8"?><Response>""";

    readonly StringBuilder text = new();
    readonly XmlWriter xml;

    public Twiml() => xml = XmlWriter.Create(text, new XmlWriterSettings { ConformanceLevel = ConformanceLevel.Fragment });

    /// <summary>Says something first.</summary>
    public Twiml Before(string words, string? language)
    {
        var first = new Twiml().Say(words, language);
        first.xml.Flush();
        xml.Flush();
        text.Insert(0, first.text);
        return this;
    }

    public Twiml Say(string words, string? language = null)
    {
        foreach (var part in Parts(words))
        {
            xml.WriteStartElement("Say");
            Attribute("language", SayLanguage.Of(language));
            xml.WriteString(part);
            xml.WriteEndElement();
        }

        return this;
    }

    public Twiml Pause(int seconds)
    {
        xml.WriteStartElement("Pause");
        Attribute("length", $"{seconds}");
        xml.WriteEndElement();
        return this;
    }

    public Twiml Redirect(string url)
    {
        xml.WriteStartElement("Redirect");
        Attribute("method", "POST");
        xml.WriteString(url);
        xml.WriteEndElement();
        return this;
    }

    public Twiml Hangup()
    {
        xml.WriteElementString("Hangup", null);
        return this;
    }

    /// <summary>No action attribute: with it the verbs behind never run.</summary>
    public Twiml ConnectStream(string url, string statusCallback, string token)
    {
        xml.WriteStartElement("Connect");
        xml.WriteStartElement("Stream");
        Attribute("url", url);
        Attribute("statusCallback", statusCallback);
        Attribute("statusCallbackMethod", "POST");
        xml.WriteStartElement("Parameter");
        Attribute("name", "token");
        Attribute("value", token);
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
        return this;
    }

    /// <summary>Rings at a person's phone and connects the two; what became of it is asked at <paramref name="action"/>.</summary>
    public Twiml Dial(string number, int timeout, string action)
    {
        xml.WriteStartElement("Dial");
        Attribute("timeout", $"{timeout}");
        Attribute("action", action);
        Attribute("method", "POST");
        xml.WriteElementString("Number", number);
        xml.WriteEndElement();
        return this;
    }

    /// <summary>Listens for one digit while it speaks and for <paramref name="seconds"/> after.</summary>
    public Twiml GatherDigit(string action, int seconds, string? language, params ReadOnlySpan<string> words)
    {
        xml.WriteStartElement("Gather");
        Attribute("numDigits", "1");
        Attribute("timeout", $"{seconds}");
        Attribute("action", action);
        Attribute("method", "POST");
        foreach (var sentence in words)
        {
            Say(sentence, language);
        }

        xml.WriteEndElement();
        return this;
    }

    public override string ToString()
    {
        xml.Flush();
        return $"{Declaration}{text}</Response>";
    }

    void Attribute(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            xml.WriteAttributeString(name, value);
        }
    }

    static IEnumerable<string> Parts(string words)
    {
        var clean = new StringBuilder(Math.Min(words.Length, LongestSay));
        foreach (var rune in words.EnumerateRunes())
        {
            // Surrogates without their other half come out of EnumerateRunes as U+FFFD.
            if (rune.IsBmp && !XmlConvert.IsXmlChar((char)rune.Value))
            {
                continue;
            }

            clean.Append(rune.ToString());
            if (clean.Length >= LongestSay)
            {
                yield return clean.ToString();
                clean.Clear();
            }
        }

        if (clean.Length > 0)
        {
            yield return clean.ToString();
        }
    }
}
