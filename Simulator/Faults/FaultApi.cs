using CityMonitor.Simulator.Control;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CityMonitor.Simulator.Faults;

/// <summary><c>PUT/GET/DELETE /faults/{vendor}</c> on the control port.</summary>
static class FaultApi
{
    public static IEndpointRouteBuilder MapFaults(this IEndpointRouteBuilder control)
    {
        control.MapGet("/faults", (FaultBoard board) => TypedResults.Json(board.All(), FaultJson.Default.IReadOnlyDictionaryStringFault));
        control.MapDelete("/faults", (FaultBoard board) =>
        {
            board.ClearAll();
            return TypedResults.NoContent();
        });
        control.MapGet("/faults/{vendor}", Get);
        control.MapPut("/faults/{vendor}", SetAsync);
        control.MapDelete("/faults/{vendor}", Clear);
        return control;
    }

    static Results<JsonHttpResult<Fault>, NotFound<ProblemAnswer>> Get(string vendor, FaultBoard board) =>
        FaultBoard.IsTarget(vendor) ? TypedResults.Json(board.Get(vendor), FaultJson.Default.Fault) : Unknown(vendor);

    static async Task<Results<JsonHttpResult<Fault>, NotFound<ProblemAnswer>, BadRequest<ProblemAnswer>>> SetAsync(
        string vendor, HttpRequest request, FaultBoard board)
    {
        if (!FaultBoard.IsTarget(vendor))
        {
            return Unknown(vendor);
        }

        Fault? fault;
        try
        {
            fault = await request.ReadFromJsonAsync(FaultJson.Default.Fault);
        }
        catch (System.Text.Json.JsonException e)
        {
            return TypedResults.BadRequest(new ProblemAnswer($"Not a fault: {e.Message}"));
        }

        if (fault is null || fault.Problem() is not null)
        {
            return TypedResults.BadRequest(new ProblemAnswer(fault?.Problem() ?? "A JSON object is needed, for example {\"status\":503}."));
        }

        board.Set(vendor, fault);
        return TypedResults.Json(fault, FaultJson.Default.Fault);
    }

    static Results<NoContent, NotFound<ProblemAnswer>> Clear(string vendor, FaultBoard board)
    {
        if (!FaultBoard.IsTarget(vendor))
        {
            return Unknown(vendor);
        }

        board.Clear(vendor);
        return TypedResults.NoContent();
    }

    static NotFound<ProblemAnswer> Unknown(string vendor) =>
        TypedResults.NotFound(new ProblemAnswer($"No vendor '{vendor}'; there are {string.Join(", ", FaultTarget.All)}."));
}
