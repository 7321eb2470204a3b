using Microsoft.AspNetCore.Http.HttpResults;

namespace CityMonitor.Simulator.Control;

/// <summary>The page at <c>/</c> of the control port: phones, calls as they are spoken, messages, tickets, faults.</summary>
static class Page
{
    public static IEndpointRouteBuilder MapPage(this IEndpointRouteBuilder control)
    {
        control.MapGet("/", (HttpContext context, IHostEnvironment environment) =>
        {
            // Text from tickets and callers is shown here: scripts come from this file only, and nothing is loaded from elsewhere.
            context.Response.Headers.ContentSecurityPolicy =
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'";
            return File(environment, "index.html", "text/html; charset=utf-8");
        });
        control.MapGet("/page.js", (IHostEnvironment environment) => File(environment, "page.js", "text/javascript; charset=utf-8"));
        control.MapGet("/page.css", (IHostEnvironment environment) => File(environment, "page.css", "text/css; charset=utf-8"));
        return control;
    }

    static PhysicalFileHttpResult File(IHostEnvironment environment, string name, string contentType) =>
        TypedResults.PhysicalFile(Path.Combine(environment.ContentRootPath, "Control", "page", name), contentType);
}
