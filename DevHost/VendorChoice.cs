namespace CityMonitor.Hosting;

/// <summary>Whether a vendor is real or simulated in this run.</summary>
/// <param name="Missing">The required settings that are absent; empty where the vendor is real.</param>
/// <param name="Given">The settings that were given, by canonical environment name.</param>
sealed record VendorChoice(VendorSpec Vendor, IReadOnlyList<SettingSpec> Missing, IReadOnlyDictionary<string, string> Given)
{
    public bool Simulated => Missing.Count > 0;

    public static IReadOnlyList<VendorChoice> All(IReadOnlyDictionary<string, string> settings) =>
        [.. Topology.Vendors.Select(vendor => Of(vendor, settings))];

    static VendorChoice Of(VendorSpec vendor, IReadOnlyDictionary<string, string> settings)
    {
        var given = new Dictionary<string, string>();
        foreach (var setting in vendor.Settings)
        {
            if (Find(settings, [setting.Variable, setting.Key, .. setting.Aliases]) is { } value)
            {
                given[setting.Variable] = value;
            }
        }

        return new VendorChoice(vendor, [.. vendor.Settings.Where(s => s.Required && !given.ContainsKey(s.Variable))], given);
    }

    public static string? Find(IReadOnlyDictionary<string, string> settings, IReadOnlyList<string> names) =>
        names.Select(name => settings.FirstOrDefault(s => s.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value)
            .FirstOrDefault(value => !string.IsNullOrWhiteSpace(value));

    /// <summary>
    /// What must not be mixed, in words, or null. Both mixtures look as if they worked and mislead people: a person on a real phone
    /// hears test tones, or a real ticket says that somebody accepted who does not exist.
    /// </summary>
    public static string? DangerOf(IReadOnlyList<VendorChoice> choices)
    {
        var simulated = choices.ToDictionary(c => c.Vendor.Name, c => c.Simulated);
        var missing = choices.Where(c => c.Simulated).ToDictionary(c => c.Vendor.Name, c => string.Join(" and ", c.Missing.Select(m => $"{m.Variable} ({m.Aliases.FirstOrDefault()})")));
        return !simulated["Twilio"] && simulated["Deepgram"]
            ? $"Twilio is real but Deepgram is simulated: people would be called and hear test tones. Set {missing["Deepgram"]}, or leave Twilio's settings out."
            : !simulated["Freshdesk"] && simulated["Twilio"]
            ? $"Freshdesk is real but Twilio is simulated: real tickets would be acknowledged by responders who do not exist. Set {missing["Twilio"]}, or leave Freshdesk's settings out."
            : null;
    }
}
