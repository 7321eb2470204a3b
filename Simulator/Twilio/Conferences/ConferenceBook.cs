using System.Globalization;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Twilio.Calls;
using CityMonitor.Simulator.Twilio.Webhooks;

namespace CityMonitor.Simulator.Twilio.Conferences;

/// <summary>Every conference, who is in it, and what the application is told about it.</summary>
sealed class ConferenceBook(OrderedWebhooks webhooks, Timeline timeline, TimeProvider clock)
{
    const int Kept = 1000;

    readonly Lock gate = new();
    readonly List<Conference> conferences = [];

    public IReadOnlyList<Conference> List()
    {
        lock (gate)
        {
            return [.. conferences.Where(conference => !conference.Hidden).Reverse()];
        }
    }

    public Conference? Find(string sidOrName)
    {
        lock (gate)
        {
            return conferences.FindLast(conference => !conference.Hidden
                && (conference.Sid == sidOrName || (conference.FriendlyName == sidOrName && !conference.IsOver)));
        }
    }

    /// <summary>Somebody is being called into it: it exists from now on, and has its sid, though nobody is in it yet.</summary>
    public Conference Open(string accountSid, string name) => FindOrCreate(accountSid, name, hidden: false, callback: null);

    public Seat Join(Call call, string name, bool hidden, SeatOptions options, ConferenceCallback? callback)
    {
        while (true)
        {
            var conference = FindOrCreate(call.AccountSid, name, hidden, callback);
            var seat = new Seat(conference, call, options, clock.GetUtcNow());
            if (!conference.Join(seat, out var started))
            {
                // It ended in this very moment: a new one of the same name.
                continue;
            }

            Tell(conference, "join", "participant-join", seat);
            if (started)
            {
                Tell(conference, "start", "conference-start");
            }

            return seat;
        }
    }

    /// <summary>The call is no longer in the conference; that may end it.</summary>
    public void Leave(Seat seat, string reason)
    {
        if (!seat.Conference.Leave(seat, out var over))
        {
            return;
        }

        TellLeft(seat, reason);
        if (over is not null)
        {
            End(seat.Conference, over, seat.Call.Sid, "moderator_ended_conference");
        }
    }

    /// <summary>Everybody is put out and told of, and then the end.</summary>
    public void End(Conference conference, string reason, string? callSid, string reasonOfOthers = "conference_ended_via_api")
    {
        if (!conference.End(reason, callSid))
        {
            return;
        }

        foreach (var seat in conference.Seats)
        {
            if (conference.Leave(seat, out _))
            {
                TellLeft(seat, reasonOfOthers);
                seat.PutOut(reasonOfOthers);
            }
        }

        Tell(conference, "end", "conference-end", null,
            new("ReasonConferenceEnded", reason), new("CallSidEndingConference", callSid ?? ""));
    }

    void TellLeft(Seat seat, string reason) => Tell(seat.Conference, "leave", "participant-leave", seat,
        new("ReasonParticipantLeft", reason), new("ParticipantCallStatus", seat.Call.Status));

    public void Changed(Seat seat, string filter, string what)
    {
        seat.Updated = clock.GetUtcNow();
        Tell(seat.Conference, filter, what, seat);
    }

    public void Clear()
    {
        lock (gate)
        {
            conferences.RemoveAll(conference => conference.IsOver || conference.Seats.Count == 0);
        }
    }

    Conference FindOrCreate(string accountSid, string name, bool hidden, ConferenceCallback? callback)
    {
        lock (gate)
        {
            var found = conferences.FindLast(conference => conference.FriendlyName == name && conference.Hidden == hidden && !conference.IsOver);
            if (found is null)
            {
                found = new Conference(accountSid, name, hidden, clock.GetUtcNow());
                conferences.Add(found);
                if (conferences.Count > Kept)
                {
                    conferences.RemoveAll(conference => conference.IsOver);
                }
            }

            found.Callback = found.Seats.Count == 0 ? callback ?? found.Callback : found.Callback;
            return found;
        }
    }

    void Tell(Conference conference, string filter, string what, Seat? seat = null, params ReadOnlySpan<KeyValuePair<string, string>> more)
    {
        conference.Updated = clock.GetUtcNow();
        if (conference.Hidden)
        {
            return;
        }

        timeline.Add($"conference.{what}", seat?.Call.Sid ?? conference.Sid, new JsonObject
        {
            ["conference"] = conference.Sid,
            ["name"] = conference.FriendlyName,
            ["label"] = seat?.Label,
        });
        if (conference.Callback is not { } callback || !callback.Events.Contains(filter))
        {
            return;
        }

        List<KeyValuePair<string, string>> fields =
        [
            new("ConferenceSid", conference.Sid),
            new("FriendlyName", conference.FriendlyName),
            new("AccountSid", conference.AccountSid),
            new("SequenceNumber", conference.NextSequence().ToString(CultureInfo.InvariantCulture)),
            new("Timestamp", TwilioTime.Rfc2822(clock.GetUtcNow())),
            new("StatusCallbackEvent", what),
            .. more,
        ];
        if (seat is not null)
        {
            fields.AddRange(
            [
                new("CallSid", seat.Call.Sid),
                new("Muted", Word(seat.Muted)),
                new("Hold", Word(seat.Hold)),
                new("Coaching", Word(seat.Coaching)),
                new("EndConferenceOnExit", Word(seat.EndOnExit)),
                new("StartConferenceOnEnter", Word(seat.StartOnEnter)),
            ]);
            if (seat.Label is not null)
            {
                fields.Add(new("ParticipantLabel", seat.Label));
            }
        }

        webhooks.Enqueue(new Webhook(callback.Url, callback.Method, fields, conference.Sid));
    }

    static string Word(bool value) => value ? "true" : "false";
}
