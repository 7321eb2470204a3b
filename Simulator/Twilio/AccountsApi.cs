using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Twilio;

/// <summary><c>/2010-04-01/Accounts/{account}.json</c>, which clients fetch to try their credentials, and what is nowhere.</summary>
static class AccountsApi
{
    static readonly DateTimeOffset created = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static IEndpointRouteBuilder MapAccount(this IEndpointRouteBuilder accounts)
    {
        accounts.MapGet("/{account}.json", (TwilioSettings settings) => TwilioJson.Result(Write(settings)));

        // As the vendor does: a client's exception then has a code and a text, also where nothing is simulated.
        accounts.MapFallback("/{account}/{**rest}", (HttpRequest request) => TwilioError.NotFound(request.Path).ToResult());
        return accounts;
    }

    static JsonObject Write(TwilioSettings settings)
    {
        var uri = $"/2010-04-01/Accounts/{settings.AccountSid}";
        return new JsonObject
        {
            ["sid"] = settings.AccountSid,
            ["owner_account_sid"] = settings.AccountSid,
            ["friendly_name"] = "City Monitor, simulated",
            ["status"] = "active",
            ["type"] = "Full",
            ["auth_token"] = settings.AuthToken,
            ["date_created"] = TwilioTime.Rfc2822(created),
            ["date_updated"] = TwilioTime.Rfc2822(created),
            ["uri"] = uri + ".json",
            ["subresource_uris"] = new JsonObject
            {
                ["calls"] = uri + "/Calls.json", ["conferences"] = uri + "/Conferences.json", ["messages"] = uri + "/Messages.json",
            },
        };
    }
}
