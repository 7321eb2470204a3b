namespace CityMonitor.Hosting;

/// <summary>Whether a vendor is real or simulated in this run.</summary>
/// <param name="Given">The settings that were given, by canonical environment name.</param>
sealed record VendorChoice(VendorSpec Vendor, bool Simulated, IReadOnlyDictionary<string, string> Given)
{
    /// <summary>Neither real nor simulated: a spare without credentials beside a real vendor. Simulated speech has no place on a real call.</summary>
    public bool Off { get; init; }

    /// <exception cref="CityStartException">A vendor has some of what it needs but not all: to simulate it then would hide a mistake.</exception>
    public static IReadOnlyList<VendorChoice> All(IReadOnlyDictionary<string, string> settings) =>
        WithoutSpares([.. Topology.Vendors.Select(vendor => Of(vendor, settings))]);

    static List<VendorChoice> WithoutSpares(List<VendorChoice> choices) =>
        choices.ConvertAll(choice => choice.Simulated && choices.Exists(c => c.Vendor.Name == choice.Vendor.SpareFor && !c.Simulated)
            ? choice with { Simulated = false, Off = true } : choice);

    static VendorChoice Of(VendorSpec vendor, IReadOnlyDictionary<string, string> settings)
    {
        var given = new Dictionary<string, string>();
        foreach (var setting in vendor.Settings)
        {
            // API_KEY alone may be anybody's: it is Freshdesk's only beside a Freshdesk domain.
            var names = setting.Aliases.Where(alias => alias != "API_KEY" || given.Count > 0);
            if (Find(settings, [setting.Variable, setting.Key, .. names]) is { } value && value != setting.Simulated)
            {
                given[setting.Variable] = value;
            }
        }

        var simulated = !vendor.Settings.Any(setting => setting.Credential && given.ContainsKey(setting.Variable));
        var missing = vendor.Settings.Where(setting => setting.Required && !given.ContainsKey(setting.Variable)).Select(Names).ToList();
        return simulated || missing.Count == 0
            ? new VendorChoice(vendor, simulated, given)
            : throw new CityStartException($"{vendor.Name} is only half configured: {string.Join(" and ", missing)} {(missing.Count == 1 ? "is" : "are")} missing. Set all of its settings, or none to have it simulated.");
    }

    static string Names(SettingSpec setting) => setting.Aliases.Length == 0 ? setting.Variable : $"{setting.Variable} (or {setting.Aliases[0]})";

    string WhatToSet => string.Join(" and ", Vendor.Settings.Where(setting => setting.Required).Select(Names));

    public static string? Find(IReadOnlyDictionary<string, string> settings, IReadOnlyList<string> names) =>
        names.Select(name => settings.FirstOrDefault(s => s.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value)
            .FirstOrDefault(value => !string.IsNullOrWhiteSpace(value));

    /// <summary>
    /// What must not be mixed, in words, or null. Both mixtures look as if they worked and mislead people: a person on a real phone
    /// hears test tones, or a real ticket says that somebody accepted who does not exist.
    /// </summary>
    public static string? DangerOf(IReadOnlyList<VendorChoice> choices)
    {
        var (twilio, deepgram, freshdesk) = (Named("Twilio"), Named("Deepgram"), Named("Freshdesk"));
        return !twilio.Simulated && deepgram.Simulated
            ? $"Twilio is real but Deepgram is simulated: people would be called and hear test tones. Set {deepgram.WhatToSet}, or leave Twilio's settings out."
            : !freshdesk.Simulated && twilio.Simulated
            ? $"Freshdesk is real but Twilio is simulated: real tickets would be acknowledged by responders who do not exist. Set {twilio.WhatToSet}, or leave Freshdesk's settings out."
            : null;

        VendorChoice Named(string name) => choices.Single(choice => choice.Vendor.Name == name);
    }
}
