using System.Globalization;

namespace CityMonitor.Simulator.Twilio.Messages;

/// <summary>The form fields of requests about messages.</summary>
static class MessageFields
{
    public static List<KeyValuePair<string, string>> Status(Message message, string status)
    {
        List<KeyValuePair<string, string>> fields =
        [
            new("AccountSid", message.AccountSid),
            new("ApiVersion", "2010-04-01"),
            new("From", message.From),
            new("MessageSid", message.Sid),
            new("MessageStatus", status),
            new("SmsSid", message.Sid),
            new("SmsStatus", status),
            new("To", message.To),
        ];
        if (message.MessagingServiceSid is { } service)
        {
            fields.Add(new("MessagingServiceSid", service));
        }

        if (message.ErrorCode is { } code)
        {
            fields.Add(new("ErrorCode", code.ToString(CultureInfo.InvariantCulture)));
        }

        if (message.IsWhatsApp)
        {
            fields.Add(new("ChannelPrefix", "whatsapp"));
            fields.Add(new("ChannelInstallSid", "XE" + message.AccountSid[2..]));
            fields.Add(new("ChannelToAddress", message.To));
            fields.Add(new("StructuredMessage", "false"));
            if (message.ErrorCode is { } reason)
            {
                fields.Add(new("ChannelStatusMessage", MessageErrors.Describe(reason)));
            }

            if (status is MessageStatus.Delivered or MessageStatus.Read)
            {
                fields.Add(new("EventType", status.ToUpperInvariant()));
            }
        }

        return fields;
    }

    public static List<KeyValuePair<string, string>> Inbound(Message message)
    {
        List<KeyValuePair<string, string>> fields =
        [
            new("AccountSid", message.AccountSid),
            new("ApiVersion", "2010-04-01"),
            new("Body", message.Body),
            new("From", message.From),
            new("MessageSid", message.Sid),
            new("NumMedia", message.MediaUrls.Count.ToString(CultureInfo.InvariantCulture)),
            new("NumSegments", "1"),
            new("SmsMessageSid", message.Sid),
            new("SmsSid", message.Sid),
            new("SmsStatus", MessageStatus.Received),
            new("To", message.To),
        ];
        for (var i = 0; i < message.MediaUrls.Count; i++)
        {
            fields.Add(new($"MediaUrl{i}", message.MediaUrls[i]));
            fields.Add(new($"MediaContentType{i}", "image/jpeg"));
        }

        if (message.IsWhatsApp)
        {
            fields.Add(new("WaId", Message.Bare(message.From).TrimStart('+')));
            fields.Add(new("ProfileName", Message.Bare(message.From)));
            fields.Add(new("MessageType", message.MediaUrls.Count > 0 ? "image" : "text"));
        }

        return fields;
    }
}
