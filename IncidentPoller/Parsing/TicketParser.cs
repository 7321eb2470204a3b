using CityMonitor.IncidentPoller.Freshdesk;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.IncidentPoller.Parsing;

/// <summary>
/// Reads the facts of an incident from a ticket: custom fields first, then the subject's numbered lines, then the description's. The
/// same ticket always gives the same result; text is never obeyed, only quoted. What is missing or wrong is said in words that a person
/// can act on. Never throws for anything that a ticket can hold.
/// </summary>
sealed class TicketParser(ParsingOptions options, TimeProvider clock)
{
    public TicketSnapshot Parse(FreshdeskTicket ticket)
    {
        var subject = PlainText.Lines(ticket.Subject);
        var description = string.IsNullOrWhiteSpace(ticket.DescriptionText) ? PlainText.OfHtml(ticket.Description) : PlainText.Lines(ticket.DescriptionText);
        var raw = description.Length == 0 ? subject : $"{subject}\n\n{description}";
        if (raw.Length > PlainText.MaxRawText)
        {
            PollerTelemetry.NotTaken("too-long");
            raw = raw[..PlainText.MaxRawText];
        }

        var reading = new FieldReading(SourcesOf(ticket, subject, description));

        var phone = reading.Read(TicketField.ResponderPhone, PhoneText.Example, text => PhoneText.Read(text, options.CountryCode), required: true);
        var type = reading.Text(TicketField.IncidentType, "Vehicle collision");
        var address = reading.Text(TicketField.Address, "Harbour Road and 5th Street");
        var confidence = reading.Read(TicketField.Confidence, ConfidenceText.Example, ConfidenceText.Read);
        var detectedAt = reading.Read(TicketField.DetectedAt, DetectionTime.Example, text => DetectionTime.Read(text, options.Zone, clock.GetUtcNow()));
        var camera = PlainText.Value(reading.First(TicketField.CameraId), 80);
        var evidence = Evidence(reading, ticket.Description);
        var priority = Priority(reading, ticket.Priority);

        return new TicketSnapshot(
            ticket.Id,
            TicketVersion.Of(ticket, options.Fields.Names, description),
            PlainText.Value(subject) ?? "",
            raw,
            priority,
            new IncidentFields(type, address, phone, confidence, evidence, detectedAt, camera),
            reading.Problems,
            ticket.CreatedAt ?? clock.GetUtcNow(),
            ticket.UpdatedAt ?? clock.GetUtcNow())
        {
            Acceptance = AcceptanceTags.Read(ticket),
        };
    }

    /// <summary>The snapshot of a ticket that broke the parser: the text for a person to read, and the problem. No ticket blocks the others.</summary>
    public TicketSnapshot Unreadable(FreshdeskTicket ticket, Exception error)
    {
        var subject = PlainText.Value(ticket.Subject) ?? "";
        return new TicketSnapshot(
            ticket.Id,
            TicketVersion.Of(ticket, options.Fields.Names, ticket.DescriptionText ?? ""),
            subject,
            subject,
            Messaging.Contracts.Priority.High,
            new IncidentFields(null, null, null, null, [], null, null),
            [new FieldProblem("ticket", $"could not be read ({error.GetType().Name}): fill the incident's custom fields", null, $"{options.Fields.ResponderPhone} = {PhoneText.Example}")],
            ticket.CreatedAt ?? clock.GetUtcNow(),
            ticket.UpdatedAt ?? clock.GetUtcNow())
        {
            Acceptance = AcceptanceTags.Read(ticket),
        };
    }

    List<IReadOnlyDictionary<TicketField, string>> SourcesOf(FreshdeskTicket ticket, string subject, string description)
    {
        var custom = new Dictionary<TicketField, string>();
        foreach (var (field, names) in options.Fields.ByField)
        {
            if (names.Select(ticket.CustomText).FirstOrDefault(text => !string.IsNullOrWhiteSpace(text)) is { } text)
            {
                custom[field] = text;
            }
        }

        return [custom, LabelledText.Read(subject, lenient: true), LabelledText.Read(description, lenient: false)];
    }

    // Evidence adds up over the sources: the same picture may be in the field and in the text, another one only in the text.
    List<string> Evidence(FieldReading reading, string? html)
    {
        var urls = new List<string>();
        foreach (var text in reading.All(TicketField.EvidenceUrls).Concat(EvidenceLinks.InHtml(html)))
        {
            var (found, problems) = EvidenceLinks.Read(text, options.TrustedHosts);
            urls.AddRange(found.Where(url => !urls.Contains(url)));
            foreach (var (rule, written) in problems)
            {
                reading.Report(TicketField.EvidenceUrls, rule, written, EvidenceLinks.Example);
            }
        }

        return urls.Count > EvidenceLinks.Most ? urls[..EvidenceLinks.Most] : urls;
    }

    // Freshdesk always has a priority; whoever reads none or nonsense must not treat the incident as the least urgent one.
    static Priority Priority(FieldReading reading, string? written)
    {
        var known = written?.Trim().ToLowerInvariant() switch
        {
            "1" or "low" => Messaging.Contracts.Priority.Low,
            "2" or "medium" => Messaging.Contracts.Priority.Medium,
            "3" or "high" => Messaging.Contracts.Priority.High,
            "4" or "urgent" => Messaging.Contracts.Priority.Urgent,
            _ => (Priority?)null,
        };
        if (known is null)
        {
            reading.Report(TicketField.Priority, "must be 1 (low) to 4 (urgent); the incident is treated as high until then", written, "4");
        }

        return known ?? Messaging.Contracts.Priority.High;
    }
}
