using System.Diagnostics.Metrics;

namespace CityMonitor.AgentWorker;

/// <summary>How fast an incident reaches a person, and what becomes of it.</summary>
static class AgentMetrics
{
    public const string MeterName = "CityMonitor.AgentWorker";

    static readonly Meter meter = new(MeterName);
    static readonly Histogram<double> toDial = meter.CreateHistogram<double>("city_monitor.incident.time_to_dial", "s", "From the report to the first call.");
    static readonly Histogram<double> toAnswer = meter.CreateHistogram<double>("city_monitor.incident.time_to_answer", "s", "From the report to an answered call.");
    static readonly Histogram<double> toAcknowledge = meter.CreateHistogram<double>("city_monitor.incident.time_to_acknowledge", "s", "From the report to the responder's yes.");
    static readonly Counter<long> outcomes = meter.CreateCounter<long>("city_monitor.incident.outcomes", "{outcome}", "Outcomes of calls and incidents.");
    static readonly Counter<long> tools = meter.CreateCounter<long>("city_monitor.tool.calls", "{call}", "Tool calls by name and result.");
    static readonly Counter<long> repairs = meter.CreateCounter<long>("city_monitor.sweep.repairs", "{repair}", "Incidents that the sweep found with nothing left to happen.");
    static readonly Counter<long> extractions = meter.CreateCounter<long>("city_monitor.extraction.requests", "{request}", "Tickets that the model was asked to complete, by result.");

    static readonly Counter<long> transcriptFailures = meter.CreateCounter<long>("city_monitor.transcript.failures", "{try}", "Tries to write a call's record that the disk refused.");

    static readonly Histogram<double> firstWord = meter.CreateHistogram<double>("city_monitor.model.first_word", "s", "From the question to a model to the first word of whichever answered.");
    static readonly Histogram<double> answers = meter.CreateHistogram<double>("city_monitor.model.duration", "s", "One step of a model in one answer, by result.");
    static readonly Counter<long> hedges = meter.CreateCounter<long>("city_monitor.model.hedges", "{hedge}", "Models that had no word ready in time, by what was done.");

    public static void TranscriptFailed() => transcriptFailures.Add(1);
    public static void FirstWord(TimeSpan waited) => firstWord.Record(waited.TotalSeconds);
    public static void ModelAnswered(string result, TimeSpan took) => answers.Record(took.TotalSeconds, new KeyValuePair<string, object?>("result", result));
    public static void Hedged(string what) => hedges.Add(1, new KeyValuePair<string, object?>("what", what));
    public static void Dialled(TimeSpan waited) => toDial.Record(waited.TotalSeconds);
    public static void Answered(TimeSpan waited) => toAnswer.Record(waited.TotalSeconds);
    public static void Acknowledged(TimeSpan waited) => toAcknowledge.Record(waited.TotalSeconds);
    public static void Outcome(string outcome) => outcomes.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
    public static void Tool(string name, string result) => tools.Add(1, new("tool", name), new("result", result));
    public static void Repaired(string what) => repairs.Add(1, new KeyValuePair<string, object?>("repair", what));
    public static void Extracted(string result) => extractions.Add(1, new KeyValuePair<string, object?>("result", result));
}
