namespace CityMonitor.Simulator.Twilio;

/// <summary>Twilio's date filters: <c>StartTime=</c> is that day, <c>StartTime&lt;=</c> and <c>StartTime&gt;=</c> are bounds.</summary>
sealed record TimeFilter(DateTimeOffset? Least, DateTimeOffset? Most)
{
    public bool IsEmpty => Least is null && Most is null;

    public bool Accepts(DateTimeOffset at) => (Least is not { } least || at >= least) && (Most is not { } most || at <= most);

    /// <summary>Null when a value is no date.</summary>
    public static TimeFilter? From(IQueryCollection query, string name)
    {
        DateTimeOffset? least = null, most = null;
        foreach (var suffix in (string[])["", "<", ">"])
        {
            if (query[name + suffix].ToString() is not { Length: > 0 } text)
            {
                continue;
            }

            if (!TwilioTime.TryParse(text, out var at))
            {
                return null;
            }

            var isDay = text.Length == 10;
            least = suffix == "<" ? least : at;
            most = suffix == ">" ? most : isDay ? at.AddDays(1).AddTicks(-1) : suffix == "" ? at.AddSeconds(1) : at;
        }

        return new TimeFilter(least, most);
    }
}
