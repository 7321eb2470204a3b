namespace CityMonitor.Simulator.Twilio.Messages;

/// <summary>How many SMS a text takes: GSM-7 where every character is in its alphabet, UCS-2 where one is not.</summary>
static class MessageSegments
{
    const string Gsm7 =
        "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

    // Each takes an escape and itself.
    const string Gsm7Extended = "\f^{}\\[~]|€";

    public static int Of(string body)
    {
        var septets = 0;
        foreach (var character in body)
        {
            if (!Gsm7.Contains(character) && !Gsm7Extended.Contains(character))
            {
                return Parts(body.Length, 70, 67);
            }

            septets += Gsm7Extended.Contains(character) ? 2 : 1;
        }

        return Parts(septets, 160, 153);
    }

    static int Parts(int length, int alone, int each) => length <= alone ? 1 : (length + each - 1) / each;
}
