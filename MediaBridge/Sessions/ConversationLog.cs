namespace CityMonitor.MediaBridge.Sessions;

static partial class ConversationLog
{
    [LoggerMessage(2401, LogLevel.Information, "The speech engine is ready after {Milliseconds:F0} ms")]
    public static partial void EngineReady(ILogger log, double milliseconds);

    [LoggerMessage(2402, LogLevel.Error, "The speech engine is given up: {Reason}")]
    public static partial void EngineLost(ILogger log, string reason);

    [LoggerMessage(2403, LogLevel.Information, "A sound of the caller's was no speech: what it cut off is said again")]
    public static partial void FalseAlarm(ILogger log);

    [LoggerMessage(2404, LogLevel.Information, "The answer to tool call {ToolCallId} came too late or for another stream")]
    public static partial void LateToolResult(ILogger log, string toolCallId);

    [LoggerMessage(2405, LogLevel.Warning, "Tool {Tool} gave no answer in time")]
    public static partial void ToolTimedOut(ILogger log, string tool);

    [LoggerMessage(2406, LogLevel.Warning, "The greeting could not be synthesised in time")]
    public static partial void GreetingLate(ILogger log);

    [LoggerMessage(2408, LogLevel.Information, "The speech engine is asked to go on where the one before it broke off")]
    public static partial void GoingOn(ILogger log);

    [LoggerMessage(2409, LogLevel.Information, "The last question is asked again: the bridge before this one may have lost the answer")]
    public static partial void AsksAgain(ILogger log);

    [LoggerMessage(2407, LogLevel.Warning, "A message of type {Type} is not for a conversation")]
    public static partial void Unhandled(ILogger log, string type);
}
