using System.Text.Json.Nodes;
using System.Xml.Linq;
using CityMonitor.Simulator.Twilio.Calls;
using CityMonitor.Simulator.Twilio.Twiml;

namespace CityMonitor.Simulator.Twilio.Conferences;

/// <summary><c>/2010-04-01/Accounts/{account}/Conferences</c> and the participants in them.</summary>
static class ConferencesApi
{
    public static IEndpointRouteBuilder MapConferences(this IEndpointRouteBuilder account)
    {
        account.MapGet("/Conferences.json", List);
        account.MapGet("/Conferences/{id}.json", (string id, ConferenceBook book, HttpRequest request) =>
            book.Find(id) is { } conference ? TwilioJson.Result(Write(conference)) : TwilioError.NotFound(request.Path).ToResult());
        account.MapPost("/Conferences/{id}.json", UpdateAsync);
        account.MapGet("/Conferences/{id}/Participants.json", ListParticipants);
        account.MapPost("/Conferences/{id}/Participants.json", AddParticipantAsync);
        account.MapGet("/Conferences/{id}/Participants/{who}.json", (string id, string who, ConferenceBook book, HttpRequest request) =>
            Find(book, id, who) is { } seat ? TwilioJson.Result(Write(seat)) : TwilioError.NotFound(request.Path).ToResult());
        account.MapPost("/Conferences/{id}/Participants/{who}.json", UpdateParticipantAsync);
        account.MapDelete("/Conferences/{id}/Participants/{who}.json", Kick);
        return account;
    }

    static IResult List(HttpRequest request, ConferenceBook book)
    {
        var (name, status) = (request.Query["FriendlyName"].ToString(), request.Query["Status"].ToString());
        var found = book.List().Where(conference =>
            (name.Length == 0 || name == conference.FriendlyName) && (status.Length == 0 || status == conference.Status));
        return TwilioJson.Page(request, "conferences", [.. found], Write);
    }

    static async Task<IResult> UpdateAsync(string id, HttpRequest request, ConferenceBook book)
    {
        if (book.Find(id) is not { } conference)
        {
            return TwilioError.NotFound(request.Path).ToResult();
        }

        var form = await request.ReadFormAsync();
        if (form["Status"] == "completed")
        {
            book.End(conference, "conference-ended-via-api", null);
        }

        return TwilioJson.Result(Write(conference));
    }

    static IResult ListParticipants(string id, HttpRequest request, ConferenceBook book)
    {
        if (book.Find(id) is not { } conference)
        {
            return TwilioError.NotFound(request.Path).ToResult();
        }

        var seats = conference.Seats.Where(seat => Accepts("Muted", seat.Muted) && Accepts("Hold", seat.Hold) && Accepts("Coaching", seat.Coaching));
        return TwilioJson.Page(request, "participants", [.. seats], Write);

        bool Accepts(string name, bool value) => !bool.TryParse(request.Query[name], out var wanted) || wanted == value;
    }

    /// <summary>Calls somebody into a conference, which comes into being by that when it does not exist.</summary>
    static async Task<IResult> AddParticipantAsync(
        string account, string id, HttpRequest request, ConferenceBook book, CallCentre centre, TimeProvider clock)
    {
        var form = await request.ReadFormAsync();
        if (form["From"].ToString().Length == 0)
        {
            return TwilioError.Bad(21213, "No 'From' number is specified").ToResult();
        }

        if (CallRequest.CheckTo(form["To"].ToString()) is { } error)
        {
            return error.ToResult();
        }

        var isSid = id.StartsWith("CF", StringComparison.Ordinal) && id.Length == 34;
        if ((isSid ? book.Find(id) : book.Open(account, id)) is not { IsOver: false } conference)
        {
            return TwilioError.NotFound(request.Path).ToResult();
        }

        var element = new XElement("Conference", conference.FriendlyName);
        Copy("Label", "participantLabel");
        Copy("Muted", "muted");
        Copy("StartConferenceOnEnter", "startConferenceOnEnter");
        Copy("EndConferenceOnExit", "endConferenceOnExit");
        Copy("CallSidToCoach", "coach");
        Copy("ConferenceStatusCallback", "statusCallback");
        Copy("ConferenceStatusCallbackMethod", "statusCallbackMethod");
        Copy("ConferenceStatusCallbackEvent", "statusCallbackEvent");
        var inline = new XElement("Response", new XElement("Dial", element)).ToString();
        var call = centre.Dial(account, form["To"]!, form["From"]!, CallRequest.Options(form), new TwimlSource(null, Inline: inline), null);
        var now = TwilioTime.Rfc2822(clock.GetUtcNow());
        return TwilioJson.Result(Participant(
            account, conference.Sid, call.Sid, form["Label"], Flag("Muted", false), false, Flag("StartConferenceOnEnter", true),
            Flag("EndConferenceOnExit", false), form["CallSidToCoach"], "queued", now, now), StatusCodes.Status201Created);

        void Copy(string field, string attribute)
        {
            if (form[field].ToString() is { Length: > 0 } value)
            {
                element.SetAttributeValue(attribute, value.Replace(',', ' '));
            }
        }

        bool Flag(string field, bool fallback) => bool.TryParse(form[field], out var value) ? value : fallback;
    }

    static async Task<IResult> UpdateParticipantAsync(string id, string who, HttpRequest request, ConferenceBook book)
    {
        if (Find(book, id, who) is not { } seat)
        {
            return TwilioError.NotFound(request.Path).ToResult();
        }

        var form = await request.ReadFormAsync();
        if (bool.TryParse(form["Muted"], out var muted))
        {
            seat.Muted = muted;
            book.Changed(seat, "mute", muted ? "participant-mute" : "participant-unmute");
        }

        if (bool.TryParse(form["Hold"], out var hold))
        {
            seat.Hold = hold;
            book.Changed(seat, "hold", hold ? "participant-hold" : "participant-unhold");
        }

        if (bool.TryParse(form["EndConferenceOnExit"], out var endOnExit))
        {
            seat.EndOnExit = endOnExit;
            book.Changed(seat, "modify", "participant-modify");
        }

        if (bool.TryParse(form["Coaching"], out var coaching))
        {
            seat.CoachedCallSid = coaching ? form["CallSidToCoach"].ToString() : null;
            book.Changed(seat, "modify", "participant-modify");
        }

        return TwilioJson.Result(Write(seat));
    }

    static IResult Kick(string id, string who, HttpRequest request, ConferenceBook book)
    {
        if (Find(book, id, who) is not { } seat)
        {
            return TwilioError.NotFound(request.Path).ToResult();
        }

        seat.PutOut("participant_updated_via_api");
        return TypedResults.NoContent();
    }

    static Seat? Find(ConferenceBook book, string id, string who) =>
        book.Find(id)?.Seats.FirstOrDefault(seat => seat.Call.Sid == who || seat.Label == who);

    static JsonNode Write(Conference conference)
    {
        var uri = $"/2010-04-01/Accounts/{conference.AccountSid}/Conferences/{conference.Sid}";
        return new JsonObject
        {
            ["account_sid"] = conference.AccountSid,
            ["date_created"] = TwilioTime.Rfc2822(conference.Created),
            ["date_updated"] = TwilioTime.Rfc2822(conference.Updated),
            ["api_version"] = "2010-04-01",
            ["friendly_name"] = conference.FriendlyName,
            ["region"] = "us1",
            ["sid"] = conference.Sid,
            ["status"] = conference.Status,
            ["uri"] = uri + ".json",
            ["reason_conference_ended"] = conference.ReasonEnded,
            ["call_sid_ending_conference"] = conference.CallSidEnding,
            ["subresource_uris"] = new JsonObject { ["participants"] = uri + "/Participants.json", ["recordings"] = uri + "/Recordings.json" },
        };
    }

    static JsonNode Write(Seat seat) => Participant(
        seat.Conference.AccountSid, seat.Conference.Sid, seat.Call.Sid, seat.Label, seat.Muted, seat.Hold, seat.StartOnEnter, seat.EndOnExit,
        seat.CoachedCallSid, "connected", TwilioTime.Rfc2822(seat.Joined), TwilioTime.Rfc2822(seat.Updated));

    static JsonObject Participant(
        string account, string conferenceSid, string callSid, string? label, bool muted, bool hold, bool startOnEnter, bool endOnExit,
        string? coached, string status, string created, string updated) => new()
        {
            ["account_sid"] = account,
            ["call_sid"] = callSid,
            ["label"] = string.IsNullOrEmpty(label) ? null : label,
            ["call_sid_to_coach"] = string.IsNullOrEmpty(coached) ? null : coached,
            ["coaching"] = !string.IsNullOrEmpty(coached),
            ["conference_sid"] = conferenceSid,
            ["date_created"] = created,
            ["date_updated"] = updated,
            ["end_conference_on_exit"] = endOnExit,
            ["muted"] = muted,
            ["hold"] = hold,
            ["start_conference_on_enter"] = startOnEnter,
            ["status"] = status,
            ["queue_time"] = null,
            ["uri"] = $"/2010-04-01/Accounts/{account}/Conferences/{conferenceSid}/Participants/{callSid}.json",
        };
}
