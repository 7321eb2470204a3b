using System.Text.Json;
using CityMonitor.Simulator.Phones;
using CityMonitor.Simulator.Twilio;
using CityMonitor.Simulator.Twilio.Calls;
using CityMonitor.Simulator.Twilio.Messages;
using CityMonitor.Simulator.Twilio.Twiml;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CityMonitor.Simulator.Control;

/// <param name="Phone">A script for the caller, for this call only; absent: the script of its number.</param>
sealed record InboundCall(string? From, string? To, JsonElement? Phone);

/// <param name="Channel">sms or whatsapp.</param>
sealed record InboundMessage(string? From, string? To, string? Body, string? Channel, string[]? MediaUrls);

sealed record SidAnswer(string Sid);

/// <summary><c>POST /calls/inbound</c> and <c>POST /messages/inbound</c>: a phone calls or writes to the application.</summary>
static class InboundControl
{
    const string OwnNumber = "+12025550100";

    public static IEndpointRouteBuilder MapInbound(this IEndpointRouteBuilder control)
    {
        control.MapPost("/calls/inbound", ReceiveCall);
        control.MapPost("/messages/inbound", ReceiveMessage);
        return control;
    }

    static Results<Accepted<SidAnswer>, BadRequest<ProblemAnswer>> ReceiveCall(
        InboundCall inbound, CallCentre centre, PhoneBook phones, NumberSettings number, TwilioSettings settings)
    {
        if (Problem(inbound.From, inbound.To) is { } problem)
        {
            return TypedResults.BadRequest(new ProblemAnswer(problem));
        }

        PhoneScript script;
        try
        {
            script = inbound.Phone is { } own ? PhoneScriptReader.Read(own.GetRawText(), inbound.From) : phones.For(inbound.From!);
        }
        catch (PhoneScriptException e)
        {
            return TypedResults.BadRequest(new ProblemAnswer(e.Message));
        }

        var options = new CallOptions { StatusCallback = number.StatusUrl };
        var call = centre.Receive(settings.AccountSid, inbound.To ?? OwnNumber, inbound.From!, options, new TwimlSource(number.VoiceUrl),
            number.VoiceFallbackUrl is { } fallback ? (fallback, "POST") : null, script);
        return TypedResults.Accepted($"/calls/{call.Sid}", new SidAnswer(call.Sid));
    }

    static Results<Accepted<SidAnswer>, BadRequest<ProblemAnswer>> ReceiveMessage(
        InboundMessage inbound, MessageCentre centre, NumberSettings number, TwilioSettings settings, TimeProvider clock)
    {
        var problem = Problem(inbound.From, inbound.To)
            ?? (inbound.Channel is null or "sms" or "whatsapp" ? null : "channel must be sms or whatsapp.");
        if (problem is not null)
        {
            return TypedResults.BadRequest(new ProblemAnswer(problem));
        }

        var prefix = inbound.Channel == "whatsapp" ? Message.WhatsAppPrefix : "";
        var message = new Message(
            settings.AccountSid, prefix + (inbound.To ?? OwnNumber), prefix + inbound.From, inbound.Body ?? "", inbound.MediaUrls ?? [], "inbound", clock);
        centre.Receive(message, number.MessageUrl);
        return TypedResults.Accepted($"/messages/{message.Sid}", new SidAnswer(message.Sid));
    }

    static string? Problem(string? from, string? to) =>
        from is null || !PhoneScriptReader.E164().IsMatch(from) ? "from must be E.164, for example +12025550123."
        : to is not null && !PhoneScriptReader.E164().IsMatch(to) ? "to must be E.164, for example +12025550100." : null;
}
