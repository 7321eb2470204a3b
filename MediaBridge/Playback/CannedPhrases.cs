namespace CityMonitor.MediaBridge.Playback;

/// <summary>What fills a gap that a vendor leaves. Synthesised once per voice; an earcon stands in until then.</summary>
static class CannedPhrases
{
    public const string OneMoment = "One moment, please.";
}
