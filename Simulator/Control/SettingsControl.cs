using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Freshdesk;
using CityMonitor.Simulator.Phones;
using CityMonitor.Simulator.Twilio;
using CityMonitor.Simulator.Twilio.Calls;
using CityMonitor.Simulator.Twilio.Conferences;
using CityMonitor.Simulator.Twilio.Lines;
using CityMonitor.Simulator.Twilio.Messages;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CityMonitor.Simulator.Control;

/// <summary>What can be changed while the simulator runs; a field that is absent stays as it is.</summary>
sealed record TwilioBehaviour(
    SocketLoss? SocketLoss, CallbackDelivery? StatusCallbacks, double? CallsPerSecond, int? PlaybackBufferSeconds, double? WhatsAppWindowHours);

/// <param name="LateMs">How late the latest round of all audio was.</param>
/// <param name="WorstLateMs">The same of the worst round since this was last asked.</param>
sealed record AudioClockAnswer(double LateMs, double WorstLateMs);

sealed record ReadyAnswer(string Status, int Phones, int Lines, double AudioClockLateMs);

/// <summary><c>/settings/twilio</c>, <c>/reset</c>, <c>/health</c> and <c>/ready</c>.</summary>
static class SettingsControl
{
    public static IEndpointRouteBuilder MapSettings(this IEndpointRouteBuilder control)
    {
        control.MapGet("/settings/twilio", (TwilioSettings settings) => TypedResults.Json(Describe(settings), ControlJson.Default.TwilioBehaviour));
        control.MapPut("/settings/twilio", ChangeAsync);
        control.MapPost("/reset", ResetAsync);
        control.MapGet("/health", () => TypedResults.Ok(new HealthAnswer("ok")));
        control.MapGet("/ready", (PhoneBook phones, Pacer pacer) =>
            TypedResults.Ok(new ReadyAnswer("ok", phones.All.Count, pacer.LineCount, Math.Round(pacer.LateMs, 1))));
        control.MapGet("/audio-clock", (Pacer pacer) =>
            TypedResults.Ok(new AudioClockAnswer(Math.Round(pacer.LateMs, 1), Math.Round(pacer.TakeWorstLateMs(), 1))));
        return control;
    }

    static async Task<Results<JsonHttpResult<TwilioBehaviour>, BadRequest<ProblemAnswer>>> ChangeAsync(HttpRequest request, TwilioSettings settings)
    {
        TwilioBehaviour? wanted;
        try
        {
            wanted = await request.ReadFromJsonAsync(ControlJson.Default.TwilioBehaviour);
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException)
        {
            return TypedResults.BadRequest(new ProblemAnswer($"Not settings, for example {{\"socketLoss\":\"hang\"}}: {e.Message}"));
        }

        var before = Describe(settings);
        Apply(wanted ?? before, settings);
        if (settings.Problem() is { } problem)
        {
            Apply(before, settings);
            return TypedResults.BadRequest(new ProblemAnswer(problem));
        }

        return TypedResults.Json(Describe(settings), ControlJson.Default.TwilioBehaviour);
    }

    /// <summary>As after a start: calls ended, messages, tickets and faults gone, phones read again. The count of events goes on.</summary>
    static async Task<NoContent> ResetAsync(
        CallCentre centre, CallBook calls, MessageBook messages, ConferenceBook conferences, PhoneBook phones, TicketStore tickets, FaultBoard faults,
        TwilioSettings settings, IConfiguration configuration, CallRate rate, Timeline timeline)
    {
        centre.EndAll("reset");
        foreach (var call in calls.List())
        {
            await centre.EndedAsync(call);
            calls.Remove(call.Sid);
        }

        faults.ClearAll();
        messages.Clear();
        conferences.Clear();
        tickets.Clear();
        phones.Load();
        rate.Reset();
        Apply(Describe(configuration.GetSection("Simulator:Twilio").Get<TwilioSettings>() ?? new TwilioSettings()), settings);
        timeline.Clear();
        timeline.Add("simulator.reset");
        return TypedResults.NoContent();
    }

    static TwilioBehaviour Describe(TwilioSettings settings) => new(
        settings.SocketLoss, settings.StatusCallbacks, settings.CallsPerSecond, settings.PlaybackBufferSeconds, settings.WhatsAppWindowHours);

    static void Apply(TwilioBehaviour wanted, TwilioSettings settings)
    {
        settings.SocketLoss = wanted.SocketLoss ?? settings.SocketLoss;
        settings.StatusCallbacks = wanted.StatusCallbacks ?? settings.StatusCallbacks;
        settings.CallsPerSecond = wanted.CallsPerSecond ?? settings.CallsPerSecond;
        settings.PlaybackBufferSeconds = wanted.PlaybackBufferSeconds ?? settings.PlaybackBufferSeconds;
        settings.WhatsAppWindowHours = wanted.WhatsAppWindowHours ?? settings.WhatsAppWindowHours;
    }
}
