namespace CityMonitor.Messaging.Contracts;

public enum Channel { WhatsApp, Sms }

/// <summary>Send a text message; at least once. A WhatsApp message outside the 24-hour window goes as the approved template.</summary>
/// <param name="MediaUrls">One message each on WhatsApp; links in the body by SMS.</param>
/// <param name="TemplateVariables">Values for the template's {{1}}, {{2}}, ... in order; null where a template makes no sense.</param>
public sealed record SendMessage(
    MessageId Message,
    IncidentId Incident,
    PhoneNumber To,
    Channel Channel,
    string Body,
    IReadOnlyList<string> MediaUrls,
    IReadOnlyList<string>? TemplateVariables) : TelephonyMessage;

/// <summary>Where a message is on its way. Order matters: a status never goes back to a lower one.</summary>
public enum DeliveryStatus { Queued, Accepted, Sent, Delivered, Read, Failed }

/// <param name="ErrorCode">Twilio's error code, for example 63016, where it failed.</param>
public sealed record MessageStatusChanged(IncidentId Incident, MessageId Message, DeliveryStatus Status, int? ErrorCode, string? Detail) : IncidentMessage(Incident);

/// <summary>A responder wrote back.</summary>
/// <param name="Sid">Twilio's id of the message, by which a second delivery is known; null where it gave none.</param>
public sealed record MessageReceived(IncidentId Incident, PhoneNumber From, Channel Channel, string Body, IReadOnlyList<string> MediaUrls, string? Sid = null) : IncidentMessage(Incident);
