using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tools;

/// <summary>Keeps what the responder says about themselves; each field by itself, so that one bad field loses nothing.</summary>
sealed class RecordResponder : IncidentTool
{
    public override string Name => "record_responder";
    public override string Description => "Record what the responder told you: any of name, agency, WhatsApp number, ETA. Call it again to correct a value; the last one counts.";
    protected override string Parameters => """
        {"type":"object","properties":{
          "name":{"type":"string","description":"For example: Officer Lee."},
          "agency":{"type":"string","description":"For example: Fire Department, Station 4."},
          "whatsapp_number":{"type":"string","description":"As spoken: digits, number words, with or without country code; 'this number' for the number we called."},
          "eta_minutes":{"type":"integer","minimum":0,"maximum":600,"description":"Minutes until arrival; the last number they said."}}}
        """;

    sealed record Arguments(string? Name, string? Agency, string? WhatsAppNumber, int? EtaMinutes);

    public override ToolAnswer Run(Decision d, LiveCall live, ToolArguments arguments)
    {
        var given = new Arguments(
            arguments.Text("name", "Officer Lee"), arguments.Text("agency", "Fire Department"),
            arguments.Text("whatsapp_number", "+12025550123"), arguments.Number("eta_minutes", 0, 600, 15));
        var responder = d.State.Responder ?? ResponderRecord.Empty;
        var recorded = new Dictionary<string, object?>();
        if (given.Name is { } name)
        {
            responder = responder with { Name = name };
            recorded["name"] = name;
        }

        if (given.Agency is { } agency)
        {
            responder = responder with { Agency = agency };
            recorded["agency"] = agency;
        }

        if (given.EtaMinutes is { } eta)
        {
            responder = responder with { EtaMinutes = eta, EtaAt = d.Now.AddMinutes(eta) };
            recorded["eta_minutes"] = eta;
        }

        var content = new Dictionary<string, object?> { ["recorded"] = recorded };
        if (given.WhatsAppNumber is { } spoken)
        {
            var dialled = d.State.Attempts.First(a => a.Call == live.Call).To;
            if (SpokenNumber.Read(spoken, dialled, out var problem) is { } number)
            {
                d.Live = responder.WhatsApp == number ? live : Consent.Numbered(d, live);
                responder = responder with { WhatsApp = number, WhatsAppConfirmed = responder.WhatsApp == number && responder.WhatsAppConfirmed };
                recorded["whatsapp_number"] = number.Value;
                content["read_back"] = Spoken.Digits(number);
                content["next"] = "Read the number back digit by digit and ask whether it is right. Only after a yes call send_whatsapp_message with confirmed true.";
            }
            else
            {
                arguments.Problem("whatsapp_number", problem, "+12025550123");
            }
        }

        d.State = d.State with { Responder = responder };
        if (arguments.Problems.Count > 0)
        {
            content["error"] = string.Join(' ', arguments.Problems);
            content["next"] = "Ask for the wrong value again.";
        }
        else if (recorded.Count == 0)
        {
            return ToolAnswer.Error("Nothing to record: give at least one of name, agency, whatsapp_number, eta_minutes, for example {\"name\": \"Officer Lee\"}.");
        }

        return ToolAnswer.Ok(content) with { Succeeded = arguments.Problems.Count == 0 };
    }
}

/// <summary>Sends the evidence to the number that was recorded and confirmed; the number itself is never the model's.</summary>
sealed class SendWhatsAppMessage : IncidentTool
{
    public override string Name => "send_whatsapp_message";
    public override string Description => "Send the incident's details and pictures to the recorded WhatsApp number. Only after you read the number back and they confirmed it.";
    protected override string Parameters => """
        {"type":"object","properties":{
          "confirmed":{"type":"boolean","description":"True only when the responder confirmed the number after you read it back."},
          "again":{"type":"boolean","description":"True only when they ask for the message a second time."}},
         "required":["confirmed"]}
        """;

    sealed record Arguments(bool? Confirmed, bool? Again);

    public override ToolAnswer Run(Decision d, LiveCall live, ToolArguments arguments)
    {
        var given = new Arguments(arguments.Flag("confirmed"), arguments.Flag("again"));
        if (arguments.Problems.Count > 0)
        {
            return ToolAnswer.Error(string.Join(' ', arguments.Problems));
        }

        if (d.State.Responder?.WhatsApp is not { } to)
        {
            return ToolAnswer.Error("No WhatsApp number is recorded.", "Ask for the number and call record_responder with whatsapp_number.");
        }

        if (given.Confirmed is not true)
        {
            return ToolAnswer.Error($"The number is not confirmed; confirmed must be true. Read back: {Spoken.Digits(to)}.", "Ask whether the number is right, then call this tool with confirmed true.");
        }

        if (Consent.MissingToNumber(d, live, to) is { } refusal)
        {
            return refusal;
        }

        d.State = d.State with { Responder = d.State.Responder with { WhatsAppConfirmed = true } };
        if (d.State.Evidence.LastOrDefault(e => e.To == to && e.Purpose == MessagePurpose.Evidence) is { } sent && given.Again is not true)
        {
            return ToolAnswer.Ok(new() { ["already_sent"] = true, ["status"] = sent.Status.ToString().ToLowerInvariant(), ["next"] = "Tell them that it is on its way. Only if they ask for it once more, call this tool with again true." });
        }

        var message = TextMessages.SendEvidence(d, to);
        var content = new Dictionary<string, object?> { ["sending"] = true, ["pictures"] = message.MediaCount };
        if (message.WaitingMedia is { } waiting)
        {
            content["pictures_after_reply"] = waiting.Count;
            content["next"] = "Tell them that the message with links is on its way, and that the pictures follow when they reply to it. Then ask for the ETA.";
        }
        else
        {
            content["next"] = "Tell them that the message is on its way, then ask for the ETA.";
        }

        return ToolAnswer.Ok(content);
    }
}
