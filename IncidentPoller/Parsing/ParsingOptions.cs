using CityMonitor.IncidentPoller.Freshdesk;

namespace CityMonitor.IncidentPoller.Parsing;

/// <summary>What the parser needs of the configuration.</summary>
/// <param name="CountryCode">Digits only; null: a national number is a problem.</param>
/// <param name="TrustedHosts">Hosts whose evidence is used though they are not public.</param>
sealed record ParsingOptions(TicketFieldNames Fields, string? CountryCode, TimeZoneInfo Zone, IReadOnlySet<string> TrustedHosts);
