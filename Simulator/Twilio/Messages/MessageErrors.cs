namespace CityMonitor.Simulator.Twilio.Messages;

/// <summary>The words that belong to delivery error codes.</summary>
static class MessageErrors
{
    public const int UnknownDelivery = 30008;
    public const int OutsideWindow = 63016;
    public const int MediaFailed = 63019;
    public const int NotOnWhatsApp = 63024;

    public static string Describe(int code) => code switch
    {
        30003 => "Unreachable destination handset",
        30004 => "Message blocked",
        30005 => "Unknown destination handset",
        30006 => "Landline or unreachable carrier",
        30007 => "Message filtered",
        63003 => "Channel could not find To address",
        63018 => "Rate limit exceeded for Channel",
        OutsideWindow => "Failed to send freeform message because you are outside the allowed window. If you are using WhatsApp, please use a Message Template.",
        MediaFailed => "Media failed to download",
        63021 => "Channel invalid content error",
        NotOnWhatsApp => "Invalid message recipient",
        _ => "Unknown error",
    };
}
