namespace CityMonitor.Simulator.Twilio.Calls;

/// <summary><c>/2010-04-01/Accounts/{account}/Calls</c></summary>
static class CallsApi
{
    public static IEndpointRouteBuilder MapCalls(this IEndpointRouteBuilder account)
    {
        account.MapPost("/Calls.json", CreateAsync);
        account.MapGet("/Calls.json", List);
        account.MapGet("/Calls/{sid}.json", (string sid, CallBook book, HttpRequest request) =>
            book.Find(sid) is { } call ? TwilioJson.Result(CallJson.Write(call)) : TwilioError.NotFound(request.Path).ToResult());
        account.MapPost("/Calls/{sid}.json", UpdateAsync);
        account.MapDelete("/Calls/{sid}.json", Delete);
        return account;
    }

    static async Task<IResult> CreateAsync(string account, HttpRequest request, CallCentre centre, TwilioSettings settings)
    {
        var form = await request.ReadFormAsync();
        if (CallRequest.Check(form, settings) is { } error)
        {
            return error.ToResult();
        }

        var call = centre.Dial(account, form["To"]!, form["From"]!, CallRequest.Options(form), CallRequest.Source(form)!, CallRequest.Fallback(form));
        return TwilioJson.Result(CallJson.Write(call), StatusCodes.Status201Created);
    }

    static IResult List(HttpRequest request, CallBook book)
    {
        var query = request.Query;
        var times = TimeFilter.From(query, "StartTime");
        var ends = TimeFilter.From(query, "EndTime");
        if (times is null || ends is null)
        {
            return TwilioError.Bad(20001, "A time filter must be a date, for example StartTime=2026-11-20").ToResult();
        }

        var calls = book.List().Where(call =>
            Matches("To", call.To) && Matches("From", call.From) && Matches("Status", call.Status) && Matches("ParentCallSid", call.ParentSid)

            // A call that has not started yet is found by the time of its creation.
            && times.Accepts(call.Started ?? call.Created) && (ends.IsEmpty || (call.Ended is { } ended && ends.Accepts(ended))));
        return TwilioJson.Page(request, "calls", [.. calls], CallJson.Write);

        bool Matches(string name, string? value) => query[name].ToString() is not { Length: > 0 } wanted || wanted == value;
    }

    static async Task<IResult> UpdateAsync(string sid, HttpRequest request, CallBook book)
    {
        if (book.Find(sid) is not { } call)
        {
            return TwilioError.NotFound(request.Path).ToResult();
        }

        var form = await request.ReadFormAsync();
        if (call.IsOver)
        {
            return TwilioError.Bad(21220, "Unable to update record. Call is not in-progress. Cannot redirect.").ToResult();
        }

        if (CallRequest.CheckInstructions(form, required: false) is { } error)
        {
            return error.ToResult();
        }

        switch (form["Status"].ToString())
        {
            case CallStatus.Canceled when call.Status == CallStatus.InProgress:
                return TwilioError.Bad(21220, "Invalid call state: only a queued or ringing call can be canceled").ToResult();
            case CallStatus.Canceled or CallStatus.Completed:
                call.End("ended by the REST API");
                return TwilioJson.Result(CallJson.Write(call));
            case "":
                break;
            default:
                return TwilioError.Bad(20001, "Status must be canceled or completed").ToResult();
        }

        call.Options = Changed(call.Options, CallRequest.Options(form), form);
        call.Fallback = CallRequest.Fallback(form) ?? call.Fallback;
        if (CallRequest.Source(form) is { } source)
        {
            if (call.Status != CallStatus.InProgress)
            {
                return TwilioError.Bad(21220, "Unable to update record. Call is not in-progress. Cannot redirect.").ToResult();
            }

            call.Note("updated", source.Url ?? source.Inline);
            call.Replace(source);
        }

        return TwilioJson.Result(CallJson.Write(call));
    }

    static CallOptions Changed(CallOptions old, CallOptions changed, IFormCollection form) => old with
    {
        StatusCallback = form.ContainsKey("StatusCallback") ? changed.StatusCallback : old.StatusCallback,
        StatusCallbackMethod = form.ContainsKey("StatusCallbackMethod") ? changed.StatusCallbackMethod : old.StatusCallbackMethod,
    };

    static IResult Delete(string sid, HttpRequest request, CallBook book)
    {
        if (book.Find(sid) is not { } call)
        {
            return TwilioError.NotFound(request.Path).ToResult();
        }

        if (!call.IsOver)
        {
            return TwilioError.Bad(20009, "Cannot delete this resource before it is complete").ToResult();
        }

        book.Remove(sid);
        return TypedResults.NoContent();
    }
}
