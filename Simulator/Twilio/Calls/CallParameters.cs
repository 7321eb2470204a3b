namespace CityMonitor.Simulator.Twilio.Calls;

/// <summary>The form fields that every request about a call carries.</summary>
static class CallParameters
{
    static readonly string[] Parties = ["From", "To", "Caller", "Called"];

    public static List<KeyValuePair<string, string>> Of(Call call, string? status = null)
    {
        var fields = new List<KeyValuePair<string, string>>
        {
            new("AccountSid", call.AccountSid),
            new("ApiVersion", "2010-04-01"),
            new("CallSid", call.Sid),
            new("CallStatus", status ?? call.Status),
            new("Called", call.To),
            new("Caller", call.From),
            new("Direction", call.Direction),
            new("From", call.From),
            new("To", call.To),
        };
        foreach (var party in Parties)
        {
            fields.Add(new($"{party}City", ""));
            fields.Add(new($"{party}Country", "US"));
            fields.Add(new($"{party}State", "DC"));
            fields.Add(new($"{party}Zip", ""));
        }

        if (call.ParentSid is { } parent)
        {
            fields.Add(new("ParentCallSid", parent));
        }

        return fields;
    }
}
