using System.Text.Json.Nodes;
using System.Xml.Linq;
using CityMonitor.Simulator.Twilio.Calls;
using CityMonitor.Simulator.Twilio.Twiml;

namespace CityMonitor.Simulator.Twilio.Streams;

/// <summary><c>/2010-04-01/Accounts/{account}/Calls/{sid}/Streams</c>: one-way streams of a call that goes on beside them.</summary>
static class StreamsApi
{
    // As many as Twilio takes.
    const int MostParameters = 99;

    public static IEndpointRouteBuilder MapStreams(this IEndpointRouteBuilder account)
    {
        account.MapPost("/Calls/{sid}/Streams.json", CreateAsync);
        account.MapPost("/Calls/{sid}/Streams/{stream}.json", UpdateAsync);
        return account;
    }

    static async Task<IResult> CreateAsync(string sid, HttpRequest request, CallBook book, ConnectVerb streams, TimeProvider clock)
    {
        if (book.Find(sid) is not { } call)
        {
            return TwilioError.NotFound(request.Path).ToResult();
        }

        var form = await request.ReadFormAsync();
        if (!Uri.TryCreate(form["Url"], UriKind.Absolute, out var url) || url.Scheme is not ("ws" or "wss"))
        {
            return TwilioError.Bad(20001, "Url must be a wss:// URL").ToResult();
        }

        if (call.IsOver || call.Line is not { } line)
        {
            return TwilioError.Bad(21220, "Unable to create the stream. Call is not in-progress.").ToResult();
        }

        var element = new XElement("Stream", new XAttribute("url", form["Url"].ToString()));
        Copy("Name", "name");
        Copy("Track", "track");
        Copy("StatusCallback", "statusCallback");
        Copy("StatusCallbackMethod", "statusCallbackMethod");
        for (var i = 1; i <= MostParameters && form.ContainsKey($"Parameter{i}.Name"); i++)
        {
            element.Add(new XElement("Parameter", new XAttribute("name", form[$"Parameter{i}.Name"].ToString()),
                new XAttribute("value", form[$"Parameter{i}.Value"].ToString())));
        }

        var document = new TwimlDocument(new XElement("Response", new XElement("Start", element)), Url: null);
        return TwilioJson.Result(
            Write(call, streams.StartOneWay(new VerbContext(call, line, document), element), "in-progress", clock), StatusCodes.Status201Created);

        void Copy(string field, string attribute)
        {
            if (form[field].ToString() is { Length: > 0 } value)
            {
                element.SetAttributeValue(attribute, value);
            }
        }
    }

    /// <param name="stream">The stream's sid or name.</param>
    static async Task<IResult> UpdateAsync(string sid, string stream, HttpRequest request, CallBook book, ConnectVerb streams, TimeProvider clock)
    {
        var call = book.Find(sid);
        var found = call?.Snapshot().Streams.FirstOrDefault(record => !record.Bidirectional && (record.Sid == stream || record.Name == stream));
        if (call is null || found is null)
        {
            return TwilioError.NotFound(request.Path).ToResult();
        }

        var form = await request.ReadFormAsync();
        if (form["Status"] != "stopped")
        {
            return TwilioError.Bad(20001, "Status must be stopped").ToResult();
        }

        streams.StopOneWay(call, found.Name);
        return TwilioJson.Result(Write(call, found, "stopped", clock));
    }

    static JsonObject Write(Call call, StreamRecord stream, string status, TimeProvider clock) => new()
    {
        ["sid"] = stream.Sid,
        ["account_sid"] = call.AccountSid,
        ["call_sid"] = call.Sid,
        ["name"] = stream.Name == stream.Sid ? null : stream.Name,
        ["status"] = status,
        ["date_updated"] = TwilioTime.Rfc2822(stream.StoppedAt ?? clock.GetUtcNow()),
        ["uri"] = $"/2010-04-01/Accounts/{call.AccountSid}/Calls/{call.Sid}/Streams/{stream.Sid}.json",
    };
}
