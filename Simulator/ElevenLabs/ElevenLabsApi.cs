using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.ElevenLabs;

/// <summary>ElevenLabs as City Monitor uses it: text to speech over HTTP and socket, Scribe in one piece and live, voices and quota.</summary>
static class ElevenLabsApi
{
    static readonly (string Id, string Name)[] Voices =
        [("EXAVITQu4vr4xnSDxMaL", "Sarah"), ("21m00Tcm4TlvDq8ikWAM", "Rachel"), ("pNInz6obpgDQGcFmaJgB", "Adam"), ("JBFqnCBsd6RMkjVDRZzb", "George")];

    static readonly string[] Models = ["eleven_flash_v2_5", "eleven_turbo_v2_5", "eleven_multilingual_v2", "eleven_flash_v2", "eleven_turbo_v2", "eleven_v3"];

    public static IServiceCollection AddElevenLabs(this IServiceCollection services)
    {
        services.AddOptions<ElevenLabsOptions>().BindConfiguration(ElevenLabsOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ElevenLabsOptions>, ElevenLabsOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<ElevenLabsAccount>();
        services.AddSingleton<ElevenLabsSockets>();
        return services;
    }

    public static IEndpointRouteBuilder MapElevenLabs(this IEndpointRouteBuilder routes)
    {
        // A socket may bring its key in the query or in its first message, so each lets its clients in by itself.
        routes.MapStreamInput();
        routes.MapScribeRealtime();

        var api = routes.MapGroup("/v1");
        api.AddEndpointFilter(LetInAsync);
        api.MapVoice();
        api.MapScribe();
        api.MapGet("/voices", () => ElevenLabsAccount.Json(200, new JsonObject { ["voices"] = new JsonArray([.. Voices.Select(v => Voice(v.Id, v.Name))]) }));
        api.MapGet("/voices/{id}", (string id) => IsVoice(id)
            ? ElevenLabsAccount.Json(200, Voice(id, Voices.FirstOrDefault(v => v.Id == id).Name ?? "Simulated"))
            : NoVoice(id));
        api.MapGet("/models", () => ElevenLabsAccount.Json(200, new JsonArray([.. Models.Select(Model)])));
        api.MapGet("/user/subscription", (ElevenLabsAccount account) => ElevenLabsAccount.Json(200, Subscription(account)));
        api.MapGet("/user", (ElevenLabsAccount account) => ElevenLabsAccount.Json(200, new JsonObject
        {
            ["user_id"] = "simulator", ["subscription"] = Subscription(account), ["is_new_user"] = false, ["can_use_delayed_payment_methods"] = false,
            ["is_onboarding_completed"] = true, ["is_onboarding_checklist_completed"] = true, ["created_at"] = 1_767_225_600,
        }));
        return routes;
    }

    /// <summary>Any id that could be one: 20 letters and digits.</summary>
    public static bool IsVoice(string id) => id.Length == 20 && id.All(char.IsAsciiLetterOrDigit);

    public static bool IsModel(string id) => Models.Contains(id);

    public static IResult NoVoice(string id) => ElevenLabsAccount.Refuse(404, "voice_not_found", $"A voice with the voice_id '{id}' was not found.");

    static async ValueTask<object?> LetInAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        context.Response.Headers["request-id"] = Guid.NewGuid().ToString("N");
        var key = (string?)context.Request.Headers["xi-api-key"];
        return key is null ? ElevenLabsAccount.Refuse(401, "needs_authorization", "Neither authorization header nor xi-api-key received, please provide one.")
            : context.RequestServices.GetRequiredService<ElevenLabsAccount>().Knows(key) ? await next(invocation)
            : ElevenLabsAccount.Refuse(401, "invalid_api_key", "Invalid API key");
    }

    static JsonObject Voice(string id, string name) => new()
    {
        ["voice_id"] = id, ["name"] = name, ["category"] = "premade", ["labels"] = new JsonObject { ["accent"] = "simulated" }, ["description"] = null,
        ["preview_url"] = null, ["available_for_tiers"] = new JsonArray(), ["settings"] = null,
    };

    static JsonNode Model(string id) => new JsonObject
    {
        ["model_id"] = id, ["name"] = id, ["can_do_text_to_speech"] = true, ["can_do_voice_conversion"] = false,
        ["maximum_text_length_per_request"] = SpeechRequest.LongestText(id),
        ["languages"] = new JsonArray(new JsonObject { ["language_id"] = "en", ["name"] = "English" }),
    };

    static JsonObject Subscription(ElevenLabsAccount account) => new()
    {
        ["tier"] = "creator", ["character_count"] = account.Used, ["character_limit"] = account.Limit, ["can_extend_character_limit"] = false,
        ["allowed_to_extend_character_limit"] = false, ["max_credit_limit_extension"] = 0,
        ["professional_voice_slots_used_in_workspace"] = 0, ["current_overage"] = new JsonObject { ["amount"] = "0", ["currency"] = "usd" },
        ["next_character_count_reset_unix"] = 1_798_761_600, ["voice_slots_used"] = 0,
        ["professional_voice_slots_used"] = 0, ["voice_limit"] = 30, ["professional_voice_limit"] = 1, ["voice_add_edit_counter"] = 0,
        ["can_extend_voice_limit"] = false, ["can_use_instant_voice_cloning"] = true, ["can_use_professional_voice_cloning"] = true,
        ["currency"] = "usd", ["status"] = "active", ["billing_period"] = "monthly_period", ["character_refresh_period"] = "monthly_period",
        ["next_invoice"] = null, ["open_invoices"] = new JsonArray(), ["has_open_invoices"] = false,
    };
}
