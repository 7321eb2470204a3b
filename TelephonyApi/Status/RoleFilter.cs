namespace CityMonitor.TelephonyApi.Status;

/// <summary>Lets only keys of these roles pass; everybody where no key is configured and nothing real is at stake (<see cref="ApiKeys.Open"/>).</summary>
sealed class RoleFilter(params string[] roles) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var keys = context.HttpContext.RequestServices.GetRequiredService<ApiKeys>();
        if (keys.Open)
        {
            return await next(context);
        }

        return keys.RoleOf(context.HttpContext.Request.Headers[ApiKeys.Header].ToString()) switch
        {
            null => Results.Problem($"The header {ApiKeys.Header} must carry a key from ApiKeys:*.", statusCode: StatusCodes.Status401Unauthorized, title: "Not authorised"),
            var role when roles.Contains(role, StringComparer.OrdinalIgnoreCase) => await next(context),
            _ => Results.Problem($"This needs a key with the role {string.Join(" or ", roles)}.", statusCode: StatusCodes.Status403Forbidden, title: "Not allowed"),
        };
    }
}
