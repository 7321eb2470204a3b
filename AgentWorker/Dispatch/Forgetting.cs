using CityMonitor.AgentWorker.Transcripts;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>
/// Takes a person out of an incident. What became of it stays: status, times, outcomes, counts. An incident that still needs the person is
/// left alone until it does not: people's safety first.
/// </summary>
static class Forgetting
{
    /// <summary>The person is on the phone, is about to be called, or is on the way.</summary>
    public static bool IsUnderWay(IncidentState state) =>
        state.Live is { Settled: false }
        || (state.Status is IncidentStatus.Reported or IncidentStatus.Calling && state.Flag is null)
        || state.Timers.Any(timer => timer.Name is TimerNames.NextAttempt or TimerNames.Eta or TimerNames.EtaReply or TimerNames.Messages);

    public static void Decide(Decision d, PhoneNumber number)
    {
        if (IsUnderWay(d.State))
        {
            return;
        }

        var subject = new Subject(number);
        var before = d.State;
        d.State = before with
        {
            Ticket = before.Ticket with
            {
                Subject = subject.Without(before.Ticket.Subject),
                RawText = subject.Without(before.Ticket.RawText),
                Fields = Without(before.Ticket.Fields, subject),
                Problems = [.. before.Ticket.Problems.Select(problem => problem with { Found = problem.Found is { } found ? subject.Without(found) : null })],
            },
            Fields = Without(before.Fields, subject),
            Attempts = [.. before.Attempts.Select(attempt => attempt with { To = attempt.To == number ? Subject.Nobody : attempt.To, Detail = null })],
            Responder = before.Responder is { } responder
                ? responder with { Name = null, Agency = null, DeclineReason = responder.DeclineReason is null ? null : Subject.Erased, WhatsApp = null, WhatsAppConfirmed = false }
                : null,
            Evidence = [.. before.Evidence.Select(message => message with { To = message.To == number ? Subject.Nobody : message.To, Detail = null })],
            Live = before.Live is { } live
                ? live with { Tools = [.. live.Tools.Select(run => new ToolRun(run.ToolCallId, run.Name, run.Result is null ? null : "{}"))], End = live.End is { } end ? end with { Detail = null } : null, Pending = null }
                : null,
            Flag = before.Flag is { } flag
                ? new OperatorFlag(flag.At, Clean(flag.Reason), Clean(flag.Remedy)) { Causes = [.. flag.Causes.Select(cause => cause with { Reason = Clean(cause.Reason), Remedy = Clean(cause.Remedy) })] }
                : null,
        };
        d.Audit("incident.erased", "What is known here of a person was erased at their request.");

        // What the operator is told may quote them.
        string Clean(string text) => new[] { before.Responder?.Name, before.Responder?.DeclineReason }.OfType<string>().Where(said => said.Length > 2)
            .Aggregate(subject.Without(text), (left, said) => left.Replace(said, Subject.Erased, StringComparison.OrdinalIgnoreCase));
    }

    static IncidentFields Without(IncidentFields fields, Subject subject) => fields with
    {
        ResponderPhone = subject.Without(fields.ResponderPhone),
        Type = fields.Type is { } type ? subject.Without(type) : null,
        Address = fields.Address is { } address ? subject.Without(address) : null,
    };
}
