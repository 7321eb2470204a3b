using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Twilio;

/// <summary>An error as Twilio's API answers it.</summary>
sealed record TwilioError(int Status, int Code, string Message)
{
    public static readonly TwilioError Authenticate = new(401, 20003, "Authenticate");

    public static TwilioError NotFound(string path) => new(404, 20404, $"The requested resource {path} was not found");

    public static TwilioError Bad(int code, string message) => new(400, code, message);

    public IResult ToResult() => TwilioJson.Result(
        new JsonObject
        {
            ["code"] = Code,
            ["message"] = Message,
            ["more_info"] = $"https://www.twilio.com/docs/errors/{Code}",
            ["status"] = Status,
        },
        Status);
}
