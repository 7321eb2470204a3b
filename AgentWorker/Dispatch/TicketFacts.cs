using CityMonitor.AgentWorker.Extraction;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>What is known of an incident: the parser's fields, and the model's where the parser missed something.</summary>
static class TicketFacts
{
    /// <summary>The parser's fields, completed with what the model found; a field that the parser has is never overwritten.</summary>
    /// <param name="foundBefore">What the model found in the version before.</param>
    public static void Take(Decision d, IncidentFields? foundBefore = null)
    {
        var parsed = d.State.Ticket.Fields;
        var found = d.Facts.Extracted;
        if (d.Facts.ExtractionTried)
        {
            d.State = d.State with { ExtractedVersion = d.State.Ticket.Version };
        }

        d.State = d.State with
        {
            Fields = found is null ? parsed : parsed with
            {
                Type = parsed.Type ?? found.Type,
                Address = parsed.Address ?? found.Address,
                ResponderPhone = parsed.ResponderPhone ?? found.ResponderPhone,
                Confidence = parsed.Confidence ?? found.Confidence,
                EvidenceUrls = parsed.EvidenceUrls.Count > 0 ? parsed.EvidenceUrls : found.EvidenceUrls,
            },
        };
        if (found is null && foundBefore is not null)
        {
            KeepFound(d, parsed, foundBefore);
        }

        if (found is not null)
        {
            d.Audit("incident.completed", "The model filled fields that the ticket's form lacks: " + string.Join(", ", Names(parsed, d.State.Fields)) + ".");
        }
    }

    /// <summary>
    /// The model is down or makes no sense of the edited ticket: what it had found is the best that is known. A phone must still stand in the
    /// ticket, for an edited comma must not stop the call that is ringing, and a number that was taken out must not be called.
    /// </summary>
    static void KeepFound(Decision d, IncidentFields parsed, IncidentFields before)
    {
        var phone = before.ResponderPhone is { } number && ExtractedFields.StandsIn(number.Value[1..], d.State.Ticket.RawText) ? before.ResponderPhone : null;
        d.State = d.State with
        {
            Fields = parsed with
            {
                Type = parsed.Type ?? before.Type,
                Address = parsed.Address ?? before.Address,
                ResponderPhone = parsed.ResponderPhone ?? phone,
                Confidence = parsed.Confidence ?? before.Confidence,
                EvidenceUrls = parsed.EvidenceUrls.Count > 0 ? parsed.EvidenceUrls : before.EvidenceUrls,
            },
        };
        var kept = Names(parsed, d.State.Fields).ToList();
        if (kept.Count > 0)
        {
            d.Audit("incident.facts-kept", $"The model found nothing this time; what it had found before is kept: {string.Join(", ", kept)}.");
        }
    }

    /// <summary>What the form lacks and the model had found; null or empty where the form itself says it.</summary>
    public static IncidentFields FoundByModel(IncidentState state)
    {
        var (parsed, now) = (state.Ticket.Fields, state.Fields);
        return now with
        {
            Type = parsed.Type is null ? now.Type : null,
            Address = parsed.Address is null ? now.Address : null,
            ResponderPhone = parsed.ResponderPhone is null ? now.ResponderPhone : null,
            Confidence = parsed.Confidence is null ? now.Confidence : null,
            EvidenceUrls = parsed.EvidenceUrls.Count == 0 ? now.EvidenceUrls : [],
        };
    }

    static IEnumerable<string> Names(IncidentFields parsed, IncidentFields now)
    {
        if (parsed.ResponderPhone != now.ResponderPhone)
        {
            yield return "phone";
        }

        if (parsed.Type != now.Type)
        {
            yield return "incident type";
        }

        if (parsed.Address != now.Address)
        {
            yield return "address";
        }

        if (parsed.Confidence != now.Confidence)
        {
            yield return "confidence";
        }

        if (parsed.EvidenceUrls.Count != now.EvidenceUrls.Count)
        {
            yield return "evidence";
        }
    }
}
