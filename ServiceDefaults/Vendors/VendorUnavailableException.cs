namespace CityMonitor.ServiceDefaults;

/// <summary>No answer from a vendor: refused, timed out, broken off, or its circuit is open.</summary>
/// <param name="mayHaveArrived">False where the request certainly never left (connect failure, open circuit): repeating it is safe.</param>
public sealed class VendorUnavailableException(string vendor, bool mayHaveArrived, string message, Exception inner)
    : HttpRequestException(message, inner)
{
    public string Vendor { get; } = vendor;
    public bool MayHaveArrived { get; } = mayHaveArrived;
}
