using Microsoft.Extensions.Options;

namespace CityMonitor.MediaBridge.Directory;

/// <summary>How long conversations may go on while the bridge drains. The process ends after Drain:Timeout, whatever they still say.</summary>
sealed class DrainTime(IOptions<BridgeOptions> bridge, IOptions<HostOptions> host)
{
    const int UsualSeconds = 20;

    /// <summary>What the last records and the closing of a stream take behind its last word.</summary>
    const int ClosingSeconds = 5;

    public TimeSpan AtMost { get; } = bridge.Value.DrainSeconds is { } given
        ? TimeSpan.FromSeconds(given)
        : TimeSpan.FromSeconds(Math.Min(UsualSeconds, host.Value.ShutdownTimeout.TotalSeconds * 2 / 3));

    /// <summary>Two keys of two sections that make sense only together.</summary>
    public sealed class Validation(IOptions<HostOptions> host) : IValidateOptions<BridgeOptions>
    {
        public ValidateOptionsResult Validate(string? name, BridgeOptions options) =>
            options.DrainSeconds is { } seconds && seconds > 0 && seconds + ClosingSeconds > host.Value.ShutdownTimeout.TotalSeconds
                ? ValidateOptionsResult.Fail(
                    $"Media:DrainSeconds must be at least {ClosingSeconds} s below Drain:Timeout, since the process ends then, "
                    + $"for example 20 with Drain:Timeout=00:00:30; found {seconds} with Drain:Timeout={host.Value.ShutdownTimeout}.")
                : ValidateOptionsResult.Success;
    }
}
