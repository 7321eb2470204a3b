using System.Text.Json.Nodes;
using CityMonitor.Simulator.Phones;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CityMonitor.Simulator.Control;

sealed record PhoneAnswer(string Number, string? Name, string? Description, string WhenCalled, double AnswerAfterSeconds, int Lines, bool HasWhatsApp);

/// <summary><c>/phones</c>: what stands at which number. A script is put as YAML or JSON.</summary>
static class PhonesControl
{
    public static IEndpointRouteBuilder MapPhones(this IEndpointRouteBuilder control)
    {
        control.MapGet("/phones", (PhoneBook book) =>
            TypedResults.Json(book.All.Select(Describe).ToArray(), ControlJson.Default.PhoneAnswerArray));
        control.MapGet("/phones/{number}", Results<JsonHttpResult<PhoneAnswer>, NotFound<ProblemAnswer>> (string number, PhoneBook book) =>
            book.All.FirstOrDefault(script => script.Number == number) is { } script
                ? TypedResults.Json(Describe(script), ControlJson.Default.PhoneAnswer) : Unknown(number));
        control.MapPut("/phones/{number}", PutAsync);
        control.MapDelete("/phones/{number}", Results<NoContent, NotFound<ProblemAnswer>> (string number, PhoneBook book) =>
            book.Remove(number) ? TypedResults.NoContent() : Unknown(number));
        return control;
    }

    static async Task<Results<JsonHttpResult<PhoneAnswer>, BadRequest<ProblemAnswer>>> PutAsync(
        string number, HttpRequest request, PhoneBook book, Timeline timeline)
    {
        using var reader = new StreamReader(request.Body);
        try
        {
            var script = PhoneScriptReader.Read(await reader.ReadToEndAsync(request.HttpContext.RequestAborted), number);
            book.Put(script);
            timeline.Add("phone.put", number, new JsonObject { ["name"] = script.Name });
            return TypedResults.Json(Describe(script), ControlJson.Default.PhoneAnswer);
        }
        catch (PhoneScriptException e)
        {
            return TypedResults.BadRequest(new ProblemAnswer(e.Message));
        }
    }

    static PhoneAnswer Describe(PhoneScript script) => new(
        script.Number, script.Name, script.Description, script.WhenCalled.ToString(), script.AnswerAfter.TotalSeconds, script.Lines.Count,
        script.Messaging.HasWhatsApp);

    static NotFound<ProblemAnswer> Unknown(string number) => TypedResults.NotFound(new ProblemAnswer($"No phone {number} has a script."));
}
