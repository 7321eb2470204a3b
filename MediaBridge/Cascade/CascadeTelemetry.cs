using System.Diagnostics.Metrics;

namespace CityMonitor.MediaBridge.Cascade;

/// <summary>Where a turn's time goes.</summary>
static class CascadeTelemetry
{
    static readonly Meter Meter = new(BridgeTelemetry.Name);

    public static readonly Histogram<double> EndOfTurn = Meter.CreateHistogram<double>("citymonitor.turn.end_delay", "s", "From the caller's last sound to the decision that the turn is over.");

    public static readonly Histogram<double> FirstText = Meter.CreateHistogram<double>("citymonitor.turn.first_text", "s", "From the end of the turn to the first piece of the answer; 0 where an eager start had it already.");

    public static readonly Histogram<double> FirstAudio = Meter.CreateHistogram<double>("citymonitor.turn.first_audio", "s", "From the end of the turn to the first audio handed to the phone.");

    public static readonly Histogram<double> MouthToEar = Meter.CreateHistogram<double>("citymonitor.turn.response", "s", "From the caller's last sound to the first audio handed to the phone.");

    public static readonly Histogram<double> VoiceFirstAudio = Meter.CreateHistogram<double>("citymonitor.voice.first_audio", "s", "From a text to its first audio, by voice.");

    public static readonly Counter<long> EagerStarts = Meter.CreateCounter<long>("citymonitor.turn.eager", "{turn}", "Eager starts, by what came of them (right, wrong).");

    public static readonly Counter<long> Interruptions = Meter.CreateCounter<long>("citymonitor.turn.interruptions", "{event}", "Sounds of the caller while the agent talked, by kind (words, backchannel, echo, noise).");
}

static partial class CascadeLog
{
    [LoggerMessage(2620, LogLevel.Error, "The ear {Vendor} is replaced: {Reason}")]
    public static partial void EarLost(ILogger log, string vendor, string reason);

    [LoggerMessage(2621, LogLevel.Error, "No ear could be opened: {Reason}")]
    public static partial void EarNotOpened(ILogger log, string reason);

    [LoggerMessage(2622, LogLevel.Error, "The voice {Voice} has failed, the next one goes on: {Reason}")]
    public static partial void VoiceFailed(ILogger log, string voice, string reason);

    [LoggerMessage(2623, LogLevel.Information, "The line carries our own words back: from now on only words interrupt")]
    public static partial void Echo(ILogger log);

    [LoggerMessage(2624, LogLevel.Error, "A loop of the cascade engine broke off")]
    public static partial void Broken(ILogger log, Exception error);

    [LoggerMessage(2625, LogLevel.Warning, "No ear has written down what the caller said: they are asked to say it again")]
    public static partial void NotUnderstood(ILogger log);
}
