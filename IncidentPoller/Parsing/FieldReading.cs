using CityMonitor.Messaging.Contracts;

namespace CityMonitor.IncidentPoller.Parsing;

/// <summary>One ticket's sources in their order of trust, and the problems met on the way.</summary>
sealed class FieldReading(IReadOnlyList<IReadOnlyDictionary<TicketField, string>> sources)
{
    readonly List<FieldProblem> _problems = [];

    public IReadOnlyList<FieldProblem> Problems => _problems;

    public IEnumerable<string> All(TicketField field) => sources.Where(source => source.ContainsKey(field)).Select(source => source[field]);

    public string? First(TicketField field) => All(field).FirstOrDefault();

    /// <summary>The first source that gives a value wins. What was wrong with the sources before it is reported all the same.</summary>
    public T? Read<T>(TicketField field, string example, Func<string, Reading<T?>> read, bool required = false)
    {
        foreach (var text in All(field).Where(text => PlainText.Value(text) is not null))
        {
            var reading = read(PlainText.Lines(text));
            if (reading.Problem is not null)
            {
                Report(field, reading.Problem, text, example);
            }

            if (reading.Value is not null)
            {
                return reading.Value;
            }
        }

        if (required && !_problems.Exists(problem => problem.Field == NameOf(field)))
        {
            Report(field, "is missing", null, example);
        }

        return default;
    }

    public string? Text(TicketField field, string example) =>
        Read(field, example, text => new Reading<string?>(PlainText.Value(text), null), required: true);

    public void Report(TicketField field, string rule, string? found, string example)
    {
        var problem = new FieldProblem(NameOf(field), rule, PlainText.Value(found, 120), example);
        if (!_problems.Contains(problem))
        {
            _problems.Add(problem);
        }
    }

    /// <summary>As a person would call it: problems go into a note in the ticket.</summary>
    public static string NameOf(TicketField field) => field switch
    {
        TicketField.IncidentType => "incident type",
        TicketField.Address => "address",
        TicketField.ResponderPhone => "responder phone",
        TicketField.Confidence => "confidence",
        TicketField.EvidenceUrls => "evidence links",
        TicketField.DetectedAt => "detection time",
        TicketField.CameraId => "camera",
        _ => "priority",
    };
}
