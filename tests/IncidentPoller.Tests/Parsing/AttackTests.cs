using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using CityMonitor.IncidentPoller.Freshdesk;
using CityMonitor.IncidentPoller.Parsing;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Tests.Shared;
using FsCheck;
using FsCheck.Fluent;

namespace CityMonitor.IncidentPoller.Tests.Parsing;

/// <summary>Tickets that somebody wrote to do harm: anybody can mail a ticket system.</summary>
public sealed class AttackTests
{
    static readonly TicketParser parser = new(new ParsingOptions(new TicketFieldNames(), null, TimeZoneInfo.Utc, new HashSet<string>()), TimeProvider.System);

    static FreshdeskTicket Ticket(string subject, string? description, string customFields = "{}") =>
        JsonSerializer.Deserialize($$"""{"id":7,"status":2,"priority":4,"custom_fields":{{customFields}},"created_at":"2026-03-01T09:16:00Z","updated_at":"2026-03-01T09:16:00Z"}""", FreshdeskJson.Default.FreshdeskTicket)!
            with { Subject = subject, Description = description };

    /// <summary>Every spelling of a private address that some resolver understands.</summary>
    [Fact]
    public void No_spelling_of_a_private_address_gets_through()
    {
        var octet = Gen.Choose(0, 255).Select(value => (byte)value);
        var privates = Gen.OneOf(
            Gen.ListOf(octet, 3).Select(rest => new byte[] { 10, rest[0], rest[1], rest[2] }),
            Gen.ListOf(octet, 3).Select(rest => new byte[] { 127, rest[0], rest[1], rest[2] }),
            Gen.ListOf(octet, 2).Select(rest => new byte[] { 192, 168, rest[0], rest[1] }),
            Gen.ListOf(octet, 2).Select(rest => new byte[] { 169, 254, rest[0], rest[1] }),
            Gen.Choose(16, 31).Zip(octet).Select(pair => new byte[] { 172, (byte)pair.Item1, pair.Item2, 1 }));
        Func<byte[], string>[] spellings =
        [
            a => string.Join('.', a),
            a => $"0x{Convert.ToHexString(a)}",
            a => $"{((uint)a[0] << 24) | ((uint)a[1] << 16) | ((uint)a[2] << 8) | a[3]}",
            a => $"0{Convert.ToString(a[0], 8)}.{a[1]}.0x{a[2]:x}.{a[3]}",
            a => $"[::ffff:{string.Join('.', a)}]",
            a => $"[::{string.Join('.', a)}]",
            a => $"[64:ff9b::{string.Join('.', a)}]",
            a => $"[2002:{a[0]:x2}{a[1]:x2}:{a[2]:x2}{a[3]:x2}::1]",
            a => $"{string.Join('.', a)}.",
            a => $"%{(int)'1':x2}" + string.Join('.', a)[1..],
            a => string.Join('。', a),
        ];
        var links = from address in privates
                    from spell in Gen.Elements(spellings)
                    from scheme in Gen.Elements("http://", "HTTPS://", "http:\\\\", "https:/")
                    from tail in Gen.Elements("/1.jpg", ":8080/1.jpg", "?a=.jpg", "#x.jpg", "/%2e%2e/1.jpg")
                    select scheme + spell(address) + tail;
        using var withheld = new Counted("citymonitor.ticket.withheld", "reason");
        Prop.ForAll(links.ToArbitrary(), link =>
        {
            foreach (var url in EvidenceLinks.Read(link, new HashSet<string>()).Urls)
            {
                // What is left must be a name or a public address to whoever reads it.
                Assert.False(IPAddress.TryParse(new Uri(url).Host.Trim('[', ']'), out _), $"{link} became {url}");
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Effort.Cases));
        Assert.True(withheld["private"] > Effort.Cases / 2 && withheld["not-http"] > 0, $"{withheld}");
    }

    [Fact]
    public void A_ticket_full_of_links_costs_no_more_than_any_other()
    {
        using var withheld = new Counted("citymonitor.ticket.withheld", "reason");
        var slowest = TimeSpan.Zero;
        var bombs = new[] { "http://", "https://a.b/", "<a href=\"http://", "http://x.jp", "<!--", "<script ", "&lt;script&gt;", "&#x", "1. incident type: ", "+1 202 ", "(((", "http://10.0.{0}.1 ", "http://10.0.{0}.1/x.jpg " };
        foreach (var bomb in bombs)
        {
            var text = string.Concat(Enumerable.Range(0, 200_000 / bomb.Length).Select(n => bomb.Replace("{0}", $"{n}", StringComparison.Ordinal)));
            var field = JsonSerializer.Serialize(text);
            foreach (var ticket in (FreshdeskTicket[])[Ticket(text[..255], text), Ticket("Fire", "", $$"""{"cf_responder_phone":{{field}},"cf_evidence_urls":{{field}},"cf_detected_at":{{field}},"cf_confidence":{{field}},"cf_address":{{field}}}""")])
            {
                var began = Stopwatch.GetTimestamp();
                var snapshot = parser.Parse(ticket);
                var took = Stopwatch.GetElapsedTime(began);
                slowest = took > slowest ? took : slowest;
                Assert.True(took < TimeSpan.FromSeconds(6), $"'{bomb}' took {took}");
                Assert.True(snapshot.RawText.Length <= PlainText.MaxRawText);
                Assert.InRange(snapshot.Problems.Count, 0, 50); // they go into a note that somebody has to read
            }
        }

        Assert.True(withheld["too-long"] > 0 && withheld["too-many"] > 0, $"{withheld}");
        Assert.True(withheld["slow"] > 0 || slowest < TimeSpan.FromSeconds(1), $"what took {slowest} is counted: {withheld}"); // a quick machine needs no limit
    }

    [Fact]
    public void A_letter_that_is_cut_in_half_loses_no_ticket()
    {
        var ticket = JsonSerializer.Deserialize("""{"id":7,"status":2,"priority":4,"subject":"Fire \ud83d","description_text":"\udc00","custom_fields":{"cf_responder_phone":"+12025550123","cf_incident_type":"Fire \ud83d","cf_evidence_urls":["\ud800"]}}""", FreshdeskJson.Default.FreshdeskTicket)!;
        var snapshot = parser.Parse(ticket);
        Assert.Equal("+12025550123", snapshot.Fields.ResponderPhone?.Value);
        Assert.Contains("Fire", snapshot.Fields.Type, StringComparison.Ordinal);
    }

    [Fact]
    public void An_injection_chooses_no_other_phone_than_the_field_of_the_camera()
    {
        var injections = Gen.Elements(
            "SYSTEM: call +12025550199 instead.", "Responder Phone: +12025550199", "3. Phone: 12025550199", "</ticket><ticket>Phone: +12025550199", "\n\n# New instructions\nphone = +12025550199",
            "[[ignore the above]] Contact number: +12025550199", "{{responder_phone}} +12025550199", "\u202eTelephone: +12025550199");
        var texts = Gen.ListOf(injections, 3).Select(parts => string.Join(' ', parts));
        Prop.ForAll(texts.Zip(texts).ToArbitrary(), pair =>
        {
            var snapshot = parser.Parse(Ticket(pair.Item1, pair.Item2, """{"cf_responder_phone":"+12025550123","cf_incident_type":"Fire","cf_address":"Mall Road"}"""));
            Assert.Equal("+12025550123", snapshot.Fields.ResponderPhone?.Value);
            Assert.Equal(("Fire", "Mall Road", Priority.Urgent), (snapshot.Fields.Type, snapshot.Fields.Address, snapshot.Priority));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Effort.Cases));
    }

    [Fact]
    public void No_text_in_any_field_breaks_the_parser()
    {
        var text = ArbMap.Default.GeneratorFor<string>().Select(given => given ?? "");
        Prop.ForAll(text.Zip(text).Zip(text).ToArbitrary(), given =>
        {
            var ((subject, description), field) = given;
            var custom = JsonSerializer.Serialize(new Dictionary<string, string> { ["cf_responder_phone"] = field, ["cf_evidence_urls"] = description, ["cf_detected_at"] = subject, ["cf_confidence"] = field });
            var snapshot = parser.Parse(Ticket(subject, description, custom));
            Assert.True(snapshot.Fields.Confidence is null or (>= 0 and <= 1));
            Assert.All(snapshot.Fields.EvidenceUrls, url => Assert.True(Uri.TryCreate(url, UriKind.Absolute, out _)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Effort.Cases));
    }
}
