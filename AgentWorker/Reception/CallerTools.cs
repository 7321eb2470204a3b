using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.AgentWorker.Tools;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Reception;

/// <summary>Files what a caller reports as a ticket; from there it goes the way of every incident. What is known is kept from the first word on.</summary>
sealed class ReportIncident : ReceptionTool
{
    const int LongestDescription = 2000;

    public override string Name => "report_incident";
    public override bool OutlivesCall => true;
    public override string Description =>
        "Report an incident that the caller tells of. Call it as soon as you know what happened or where, with what you know; call it again with what you learn, or to correct it.";

    protected override string Parameters => """
        {"type":"object","properties":{
          "incident_type":{"type":"string","description":"What kind of incident, in a few words, for example: vehicle collision."},
          "address":{"type":"string","description":"Where: street and number, crossing or landmark."},
          "description":{"type":"string","description":"What happened, in the caller's words."},
          "caller_name":{"type":"string"},
          "call_back_number":{"type":"string","description":"As spoken; 'this number' for the one they call from."},
          "danger_to_life":{"type":"boolean","description":"True when somebody is hurt or may be."},
          "another":{"type":"boolean","description":"True only when this is a second incident, not a correction of the one reported before."}}}
        """;

    public override ToolAnswer Run(ReceptionDecision d, ToolArguments arguments)
    {
        var before = arguments.Flag("another") is true && d.State.Draft is null ? null : d.State.Draft ?? d.State.Reported;
        var isAnother = d.State.Reported is not null && before is null;
        var report = new ReportDraft(
            arguments.Text("incident_type", "vehicle collision") ?? before?.Type,
            arguments.Text("address", "Harbour Road and 5th Street") ?? before?.Address,
            arguments.Text("description", "two cars collided", LongestDescription) ?? before?.Description,
            arguments.Flag("danger_to_life") ?? before?.DangerToLife ?? false);
        var content = new Dictionary<string, object?>();
        CallerDetails.Record(d, arguments, content);

        if (d.State.Reported is not null && !isAnother && d.State.Draft is null)
        {
            d.State = d.State with { Reported = report };
            Tickets.Correct(d);
            content["recorded"] = true;
        }
        else if (report is { Address: not null } and ({ Type: not null } or { Description: not null }))
        {
            d.State = d.State with { Draft = null, Reported = report };
            Tickets.FileIncident(d, report);
            content["recorded"] = true;
        }
        else
        {
            d.State = d.State with { Draft = report is { Address: null, Type: null, Description: null } ? null : report };
            var missing = report.Address is null ? "address" : "incident_type or description";
            return ToolAnswer.Error($"Not reported yet: {missing} is missing.", report.Address is null ? "Ask where it is." : "Ask what has happened.");
        }

        var next = report.DangerToLife ? "Tell them now: if somebody is hurt or in danger, hang up and call the emergency number first. " : "";
        next += content.ContainsKey("error") ? "Then ask for the wrong value again."
            : d.State.Caller.Name is null ? "Say that it is reported. Then ask for their name, and whether you may call back at this number."
            : "Say that it is reported, and ask whether there is anything else.";
        content["next"] = next;
        return ToolAnswer.Ok(content);
    }
}

sealed class TakeMessage : ReceptionTool
{
    const int LongestMessage = 2000;

    public override string Name => "take_message";
    public override bool OutlivesCall => true;
    public override string Description => "Take a message for somebody, when you have it and have read the call-back number back.";

    protected override string Parameters => """
        {"type":"object","properties":{
          "message":{"type":"string","description":"In the caller's words."},
          "for_whom":{"type":"string","description":"A person or an office; leave it out when they did not say."},
          "caller_name":{"type":"string"},
          "call_back_number":{"type":"string","description":"As spoken; 'this number' for the one they call from."}},
         "required":["message"]}
        """;

    public override ToolAnswer Run(ReceptionDecision d, ToolArguments arguments)
    {
        var content = new Dictionary<string, object?>();
        CallerDetails.Record(d, arguments, content);
        var forWhom = arguments.Text("for_whom", "the parks office");
        var message = arguments.Text("message", "the light at the gate is broken", LongestMessage);
        if (d.State.Tickets.LastOrDefault(ticket => ticket.Purpose == TicketPurpose.Message) is { } taken && (message is null || message == taken.Filed?.Description) && !content.ContainsKey("error"))
        {
            content["recorded"] = true; // the note behind the call names them
            content["next"] = "Say that you have it, and ask whether there is anything else.";
            return ToolAnswer.Ok(content);
        }

        if (message is null)
        {
            return ToolAnswer.Error(content.TryGetValue("error", out var problem) ? $"{problem} message is missing." : "message is missing: it must say what to pass on.", "Ask for the message.");
        }

        Tickets.FileMessage(d, forWhom, message);
        content["taken"] = true;
        content["next"] = content.ContainsKey("error") ? "Say that the message is taken, and ask for the wrong value again." : "Say that you will pass it on, and ask whether there is anything else.";
        return ToolAnswer.Ok(content);
    }
}

/// <summary>Name and number of the caller, from whichever tool they come with; each by itself, so that a bad one loses nothing.</summary>
static class CallerDetails
{
    public static void Record(ReceptionDecision d, ToolArguments arguments, Dictionary<string, object?> content)
    {
        var caller = d.State.Caller;
        if (arguments.Text("caller_name", "Ana Lopez") is { } name)
        {
            caller = caller with { Name = name };
        }

        if (arguments.Text("call_back_number", "+12025550123") is { } spoken)
        {
            if (SpokenNumber.Read(spoken, d.State.From ?? d.State.To, out var problem) is { } number)
            {
                caller = caller with { CallBack = number };
                content["read_back"] = Spoken.Digits(number);
            }
            else
            {
                arguments.Problem("call_back_number", problem, "+12025550123");
            }
        }

        d.State = d.State with { Caller = caller };
        if (arguments.Problems.Count > 0)
        {
            content["error"] = string.Join(' ', arguments.Problems);
        }
    }
}

/// <summary>Puts the caller through to the person that the configuration names; the number is never the model's.</summary>
sealed class TransferCall : ReceptionTool
{
    const int MostTries = 2;

    public override string Name => "transfer_call";
    public override string Description => "Put the caller through to a person. Say first that you do; say nothing after it.";
    protected override string Parameters => """{"type":"object","properties":{}}""";

    public override ToolAnswer Run(ReceptionDecision d, ToolArguments arguments)
    {
        if (d.Options.TransferNumber is not { } person || d.State.Transfers >= MostTries)
        {
            return ToolAnswer.Error("Nobody can take the call now.", "Say so, and offer to take a message: ask for their name and the message, then call take_message.");
        }

        d.State = d.State with { Transfer = TransferProgress.Asked, Transfers = d.State.Transfers + 1 };
        d.Audit("call.transfer", $"The caller is put through to {person.Masked}.");
        d.Publish(new FinishCall(d.Call, CallFields.EndedByTransfer));
        return ToolAnswer.Ok(new() { ["transferring"] = true });
    }
}

sealed class EndReception : ReceptionTool
{
    public override string Name => "end_call";
    public override string Description => "End the call after your goodbye has been spoken.";
    protected override string Parameters => """{"type":"object","properties":{}}""";

    public override ToolAnswer Run(ReceptionDecision d, ToolArguments arguments)
    {
        d.State = d.State with { SaidGoodbye = true };
        d.Publish(new FinishCall(d.Call, "finished"));
        return ToolAnswer.Ok(new() { ["ending"] = true });
    }
}
