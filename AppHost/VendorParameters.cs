using Aspire.Hosting.ApplicationModel;
using CityMonitor.Hosting;
using Microsoft.Extensions.Configuration;

namespace CityMonitor.AppHost;

/// <summary>A vendor in this run, and a parameter for each of its settings.</summary>
sealed record VendorParameters(VendorSpec Vendor, bool Simulated, IReadOnlyDictionary<SettingSpec, IResourceBuilder<ParameterResource>> Parameters);

static class VendorParameterExtensions
{
    /// <summary>
    /// A parameter with a description for each setting. Its value comes from Parameters:{name}, the canonical key or an alias of it. A
    /// vendor of which no credential is given is simulated: its parameters then have the Simulator's values, so nothing blocks.
    /// </summary>
    public static IReadOnlyList<VendorParameters> AddVendors(this IDistributedApplicationBuilder builder) =>
        [.. Topology.Vendors.Select(vendor => AddVendor(builder, vendor))];

    static VendorParameters AddVendor(IDistributedApplicationBuilder builder, VendorSpec vendor)
    {
        var simulated = builder.ExecutionContext.IsRunMode && !IsGiven(builder.Configuration, vendor)
            && !Topology.Vendors.Any(other => other.Name == vendor.SpareFor && IsGiven(builder.Configuration, other));
        var parameters = new Dictionary<SettingSpec, IResourceBuilder<ParameterResource>>();
        foreach (var setting in vendor.Settings)
        {
            var value = Given(builder.Configuration, setting) ?? (simulated ? setting.Simulated : null);
            var parameter = value is not null && builder.ExecutionContext.IsRunMode
                ? builder.AddParameter(setting.Parameter, () => value, secret: setting.Secret)
                : setting.Required ? builder.AddParameter(setting.Parameter, secret: setting.Secret) : null;
            if (parameter is not null)
            {
                parameters[setting] = parameter.WithDescription(simulated ? $"SIMULATED. {setting.Description}" : setting.Description, enableMarkdown: true);
            }
        }

        return new VendorParameters(vendor, simulated, parameters);
    }

    /// <summary>The credentials of the vendors that a service holds, and where to find those that are simulated.</summary>
    public static IResourceBuilder<ProjectResource> WithVendors(
        this IResourceBuilder<ProjectResource> service, ServiceSpec spec, IReadOnlyList<VendorParameters> vendors, IResourceBuilder<ProjectResource>? simulator)
    {
        foreach (var vendor in vendors.Where(vendor => spec.Holds.Contains(vendor.Vendor.Name)))
        {
            foreach (var (setting, parameter) in vendor.Parameters)
            {
                service.WithEnvironment(setting.Variable, parameter);
            }

            foreach (var (key, scheme, path) in vendor.Simulated && simulator is not null ? vendor.Vendor.BaseUrls : [])
            {
                var address = simulator!.GetEndpoint(SimulatorResource.EndpointOf(vendor.Vendor)).Property(EndpointProperty.HostAndPort);
                service.WithEnvironment(key.Replace(":", "__", StringComparison.Ordinal), ReferenceExpression.Create($"{scheme}://{address}{path}"));
            }
        }

        return service;
    }

    static bool IsGiven(ConfigurationManager configuration, VendorSpec vendor) =>
        vendor.Settings.Any(setting => setting.Credential && Given(configuration, setting) is not null);

    static string? Given(ConfigurationManager configuration, SettingSpec setting) =>
        new[] { $"Parameters:{setting.Parameter}", setting.Key }.Concat(setting.Aliases)
            .Where(key => key != "API_KEY" || !string.IsNullOrWhiteSpace(configuration["FRESHDESK_DOMAIN"]))
            .Select(key => configuration[key]).FirstOrDefault(value => !string.IsNullOrWhiteSpace(value));
}
