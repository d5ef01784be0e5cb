-- The days that a range touches.
d.day between (:lower::timestamptz at time zone :timezone)::date
        and ((:upper::timestamptz - interval '1 microsecond') at time zone :timezone)::date
