using CityMonitor.TelephonyApi.Twilio;

namespace CityMonitor.TelephonyApi.Calls;

/// <summary>Ends or redirects a call at Twilio.</summary>
sealed class CallEnder(TwilioClient twilio, ILogger<CallEnder> log)
{
    /// <summary>canceled ends a queued or ringing call, completed any: a call that was answered just now is still ended.</summary>
    /// <returns>False where Twilio could not be reached: try again.</returns>
    public async Task<bool> EndAtTwilioAsync(string sid, int progress, CancellationToken ct)
    {
        foreach (var status in progress < CallStatus.Answered ? (string[])["canceled", "completed"] : ["completed"])
        {
            var result = await twilio.UpdateCallAsync(sid, [new("Status", status)], ct);
            if (result.Ok && CallStatus.RankOf(result.Value!.Status) != CallStatus.Answered)
            {
                return true;
            }

            if (result.Unreachable)
            {
                CallLog.NotEnded(log, sid, result.Describe());
                return false;
            }
        }

        // Refused both times: it has ended by itself, and its last callback is on the way or will be looked up.
        return true;
    }

    /// <summary>Makes Twilio ask <paramref name="url"/> what to do next with a live call; ends the stream it has now.</summary>
    public async Task<bool> RedirectAsync(string sid, string url, CancellationToken ct)
    {
        var result = await twilio.UpdateCallAsync(sid, [new("Url", url), new("Method", "POST")], ct);
        if (!result.Ok)
        {
            CallLog.NotRedirected(log, sid, result.Describe());
        }

        return !result.Unreachable;
    }
}
