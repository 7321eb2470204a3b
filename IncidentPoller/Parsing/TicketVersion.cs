using System.Security.Cryptography;
using System.Text;
using CityMonitor.IncidentPoller.Freshdesk;

namespace CityMonitor.IncidentPoller.Parsing;

/// <summary>
/// Hash of what matters to dispatch: subject, description, priority and the custom fields that are read. Status, notes and the fields
/// that we write are left out, so our own updates do not look like news; markup is left out, because Freshdesk signs the links of inline
/// pictures anew at each answer.
/// </summary>
static class TicketVersion
{
    public static string Of(FreshdeskTicket ticket, IEnumerable<string> fields, string description)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(ticket.Subject?.Trim());
        Append(description.Trim());
        Append(ticket.Priority);
        foreach (var name in fields.Order(StringComparer.Ordinal))
        {
            Append(ticket.CustomText(name));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));

        void Append(string? text)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(text ?? ""));
            hash.AppendData("\0"u8);
        }
    }
}
